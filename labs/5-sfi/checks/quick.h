// A short sweep: words of each of the 4096 classes, with random fields, and words that a diagram of the table is true
// of but for a bit at most; each for random pins, at a random place. For checks/sweep.c and for `--quick` on the host.
#pragma once

#include "masks.h"

struct quick {
	uint32_t tried, accepted, wrong;
};

struct quick_word {
	uint32_t word, offset, end, pins;
};

#define QUICK_FORM  128			// words for each diagram of a class
#define QUICK_CLASS 8			// and without regard to any

static struct quick_word
quick_word(unsigned class, const struct form *form, uint64_t (*random)(uint64_t *), uint64_t *state)
{
	uint64_t r = random(state), s = random(state);
	struct quick_word q = { .word = class_word(class) | ((uint32_t)r & ~0x0ff000f0) };

	if (form != NULL) {
		q.word = (q.word & ~form->mask) | form->value;
		if (s % 4 == 0)
			q.word ^= 1u << (r >> 32 & 31);
	}
	q.pins = s >> 2 & 1 ? s >> 8 & 0xff : 0;
	q.end = MODULE_CODE + 4 * (1 + (s >> 16 & (s >> 3 & 1 ? 0xff : 0xffff)));
	q.offset = MODULE_CODE + (uint32_t)(s >> 32) % (q.end - MODULE_CODE) / 4 * 4;
	if ((q.word >> 25 & 7) == 5 && (s >> 4 & 1) != 0) {	// a branch, near an edge
		uint32_t edges[] = { 0, 4 * MODULE_ENTRIES, MODULE_CODE, q.end };
		uint32_t to = edges[s >> 5 & 3] + 4 * (r >> 40 & 7) - 16;

		q.word = (q.word & 0xff000000) | ((to - q.offset - 8) >> 2 & 0xffffff);
	}
	return q;
}

static struct quick
quick(uint64_t seed, uint64_t (*random)(uint64_t *), void (*tell)(struct quick_word, bool says))
{
	struct quick done = { 0, 0, 0 };

	for (unsigned class = 0; class < CLASSES; class++)
		for (unsigned i = 0; i <= CLASS_FORMS; i++) {
			unsigned number = i == 0 ? 0 : class_forms[class][i - 1];
			const struct form *form = number == 0 ? NULL : &forms[number - 1];
			unsigned count = i == 0 ? QUICK_CLASS : form == NULL ? 0 : QUICK_FORM;

			while (count-- > 0) {
				struct quick_word q = quick_word(class, form, random, &seed);
				bool says = verify_word(q.word, q.offset, q.end, q.pins);

				done.tried++;
				done.accepted += says;
				if (says != masks_accept(q.word, q.offset, q.end, q.pins)) {
					done.wrong++;
					tell(q, says);
				}
			}
		}
	return done;
}
