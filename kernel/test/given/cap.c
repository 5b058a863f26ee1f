// A set of capabilities, and of guards, that the parameter block's input has minted, narrowed and revoked:
// words, six for each call.

#include <exo/cap.h>

#include "given.h"

enum { MINT, NARROW, REVOKE, CHECK };

struct call {
	uint32_t what;
	uint32_t from, to;	// numbers of capabilities; REVOKE and CHECK: to is a guard's
	uint32_t rights;
	uint8_t name[CAP_NAME];
};

struct cap caps[32];
struct guard guards[8];

void
check_main(void)
{
	const struct call *c = (const struct call *)params()->input, *end = c + params()->input_size / sizeof *c;

	for (; c < end; c++) {
		switch (c->what) {
		case MINT: log_word(cap_mint(&caps[c->to], c->name, c->rights, cap_now())); break;
		case NARROW: log_word(cap_narrow(&caps[c->from], c->name, c->rights, &caps[c->to])); break;
		case REVOKE: log_word(cap_revoke(&guards[c->to], &caps[c->from])); break;
		case CHECK:
			for (int i = 0; i < CAP_NAME; i++)
				guards[c->to].name[i] = c->name[i];
			log_word(cap_check(&caps[c->from], &guards[c->to], c->rights));
			break;
		}
		log_word(cap_now());
	}
}
