// Filters put into the trie, and taken out again, as the run's input says; after each, how many nodes and tests there are, and
// what a walk of the trie makes of a frame, in `results`. Nothing is compiled.

#include <exo/check.h>
#include <exo/dpf.h>
#include <exo/string.h>

#include "../../../kernel/dpf/dpf.h"

#define ROOM 0x4000
#define MOST 64

uint32_t results[ROOM], result_count;

static struct dpf_canon canons[MOST + 1];

// id, whether it comes, size of a frame; endpoint, count, items; the frame
void
check_main(void)
{
	const uint32_t *at = (const uint32_t *)params()->input, *end = at + params()->input_size / 4;
	static uint32_t frame[64];

	while (at < end && result_count + 3 <= ROOM) {
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
		results[result_count++] = dpf_use().nodes;
		results[result_count++] = dpf_use().tests;
		results[result_count++] = dpf_walk((uint8_t *)frame + 2, size);
	}
}
