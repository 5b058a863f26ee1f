// Programs: ELF files that the parameter block's input has are loaded, those that are part of the image are
// found and run. Words: what, a size, that many bytes in whole words.

#include <exo/error.h>
#include <exo/page.h>
#include <exo/user.h>

#include "given.h"

enum { LOAD, FIND, RUN, MAP };

struct aspace as;

// Where the grader walks the tables.
counted void
loaded(void)
{
	__asm__ volatile("" : : : "memory");
}

static void
show(int status)
{
	log_word(status);
	as_switch(&as);
	loaded();
	as_switch(NULL);
	as_destroy(&as);
}

void
check_main(void)
{
	const uint32_t *in = (const uint32_t *)params()->input, *end = in + params()->input_size / 4;

	log_word(page_free_count());
	for (; in < end; in += 2 + (in[1] + 3) / 4) {
		const uint8_t *bytes = (const uint8_t *)&in[2];
		const struct program file = { "file", bytes, bytes + in[1] }, *found;
		uint32_t entry = 0xdeadbeef;

		switch (in[0]) {
		case LOAD:
			as_create(&as, OWNER_USER, 7);
			show(user_load(&as, &file, &entry));
			log_word(entry);
			break;
		case MAP:
			as_create(&as, OWNER_USER, 7);
			show(user_map(&as, in[2], in[3], in[4]));
			break;
		case FIND:
			found = program_find((const char *)bytes);
			log_word(found != NULL ? (uintptr_t)found->start : 0);
			log_word(found != NULL ? (uintptr_t)found->end : 0);
			break;
		case RUN:
			log_word(user_run((const char *)&in[3], in[2]));
			log_word(user_space() == NULL);
			break;
		}
		log_word(page_free_count());
	}
}
