// Looks up in the device tree what the parameter block's input asks for: pairs of NUL-ended
// texts, a path and a property's name. The tree is the machine's, or the one that the input
// begins with if its first word is not zero: so many bytes, behind that word.

#include <exo/check.h>
#include <exo/fdt.h>

#include "log.h"

static const char *
next(const char *s)
{
	while (*s != '\0')
		s++;
	return s + 1;
}

void
check_main(void)
{
	const uint8_t *input = params()->input;
	uint32_t own = *(const uint32_t *)input;
	const void *tree = own ? input + 4 : fdt();
	const char *at = (const char *)input + 4 + own, *end = (const char *)input + params()->input_size;

	while (at < end) {
		const char *name = next(at);
		uint32_t len = 0xdeadbeef;
		const void *value = fdt_property(tree, at, name, &len);

		log_word(value != NULL);
		log_word(len);
		log_word(fdt_property(tree, at, name, NULL) == value);
		if (value != NULL)
			log_bytes(value, len);
		at = next(name);
	}
}
