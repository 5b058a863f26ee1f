// A short sweep of the verifier against the mask table (quick.h), from the run's seed.

#include <exo/check.h>

#include "quick.h"

#define TOLD 8

static unsigned told;

static void
tell(struct quick_word q, bool says)
{
	if (told++ < TOLD)
		report("word 0x%x 0x%x 0x%x 0x%x %u", q.word, q.offset, q.end, q.pins, says);
}

void
check_main(void)
{
	struct quick done;

	if (!masks_init()) {
		report("no table");
		return;
	}
	done = quick(params()->seed, random64, tell);
	report("swept %u accepted %u wrong %u", done.tried, done.accepted, done.wrong);
}
