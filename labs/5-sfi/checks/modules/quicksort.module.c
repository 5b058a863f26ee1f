// Quicksort (Hoare's partition, the middle as pivot) of 1500 words; the checksum depends on each one's place.

#include <sfi/module.h>

#define COUNT 1500

static uint32_t words[COUNT];

static void
sort(uint32_t *low, uint32_t *high)
{
	while (low < high) {
		uint32_t pivot = low[(high - low) / 2], *l = low, *h = high;

		while (l <= h) {
			while (*l < pivot)
				l++;
			while (*h > pivot)
				h--;
			if (l <= h) {
				uint32_t swap = *l;

				*l++ = *h;
				*h-- = swap;
			}
		}
		sort(low, h);
		low = l;
	}
}

uint32_t
run(uint32_t seed)
{
	uint32_t sum = 0;

	for (int i = 0; i < COUNT; i++) {
		seed = seed * 1664525 + 1013904223;
		words[i] = seed;
	}
	sort(words, words + COUNT - 1);
	for (int i = 0; i < COUNT; i++)
		sum = sum * 31 + words[i];
	return sum;
}
MODULE_CALLABLE(run);
