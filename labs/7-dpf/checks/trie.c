// Filters put into the trie, and taken out again, as the run's input says; after each, how many nodes and tests there
// are, how many filters the root has and the bits of those that constrain the most and the fewest, and what a walk of
// the trie makes of a frame, in `results`, until a filter's way is not there. Nothing is compiled.

#include <exo/check.h>
#include <exo/dpf.h>
#include <exo/string.h>

#include "../../../kernel/dpf/dpf.h"

#define ROOM 0x4000
#define MOST 64

uint32_t results[ROOM], result_count;

static struct dpf_canon canons[MOST + 1];

// Whether a filter's way is there, along all of its cells, and it ends there.
static bool
there(const struct dpf_canon *f, uint32_t id)
{
	const struct dpf_node *n = &dpf_root;

	for (uint32_t i = 0; i < f->count && n != NULL; i++) {
		struct dpf_cell cell = f->cells[i];
		const struct dpf_test *t = n->tests;

		cell.value = 0;
		while (t != NULL && memcmp(&t->cell, &cell, sizeof cell) != 0)
			t = t->next;
		n = t != NULL ? t->values : NULL;
		while (n != NULL && n->value != f->cells[i].value)
			n = n->next;
	}
	return n != NULL && n->id == id;
}

// Whether those that are there all are; if not, it is said which one is not.
static bool
all_there(const bool *come)
{
	for (uint32_t id = 1; id <= MOST; id++)
		if (come[id] && !there(&canons[id], id)) {
			report("lost %u", id);
			return false;
		}
	return true;
}

// id, whether it comes, size of a frame; endpoint, count, items; the frame
void
check_main(void)
{
	const uint32_t *at = (const uint32_t *)params()->input, *end = at + params()->input_size / 4;
	static uint32_t frame[64];
	static bool come[MOST + 1];

	while (at < end && result_count + 6 <= ROOM) {
		uint32_t id = at[0], comes = at[1], size = at[2];
		struct dpf_filter filter;

		at += 3;
		memcpy(&filter, at, 8 + at[1] * sizeof filter.items[0]);
		at += 2 + at[1] * sizeof filter.items[0] / 4;
		if (comes) {
			dpf_canonical(&filter, &canons[id]);
			dpf_trie_insert(&canons[id], id);
		} else {
			dpf_trie_delete(&canons[id]);
		}
		memcpy((uint8_t *)frame + 2, at, size);
		at += (size + 3) / 4;
		come[id] = comes;
		results[result_count++] = dpf_use().nodes;
		results[result_count++] = dpf_use().tests;
		results[result_count++] = dpf_root.sum.filters;
		results[result_count++] = dpf_root.sum.most;
		results[result_count++] = dpf_root.sum.least;
		results[result_count++] = dpf_walk((uint8_t *)frame + 2, size);
		if (!all_there(come))
			return;
	}
}
