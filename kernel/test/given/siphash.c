// The MACs of what the parameter block's input has: records of a key, a size, how far from a word's start the
// bytes lie, and, in whole words, what holds them.

#include <exo/siphash.h>

#include "given.h"

void
check_main(void)
{
	const uint8_t *in = params()->input, *end = in + params()->input_size;

	while (in < end) {
		const uint32_t *size = (const uint32_t *)(in + 16);
		uint64_t mac = siphash(in, in + 24 + size[1], size[0]);

		log_word(mac);
		log_word(mac >> 32);
		in += 24 + ((size[0] + size[1] + 3) & ~3u);
	}
}
