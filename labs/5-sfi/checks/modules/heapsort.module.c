// Heapsort of 600 records of two words, with a callback that compares, as qsort() has it.

#include <sfi/module.h>

#define COUNT 600

struct record {
	uint32_t key, number;
};

static struct record records[COUNT];

static int
by_key(const void *a, const void *b)
{
	const struct record *p = a, *q = b;

	return p->key < q->key ? -1 : p->key > q->key;
}

static void
sift(struct record *r, uint32_t at, uint32_t n, int (*compare)(const void *, const void *))
{
	for (uint32_t child; (child = 2 * at + 1) < n; at = child) {
		struct record swap = r[at];

		if (child + 1 < n && compare(&r[child], &r[child + 1]) < 0)
			child++;
		if (compare(&r[at], &r[child]) >= 0)
			return;
		r[at] = r[child];
		r[child] = swap;
	}
}

// (Not inlined, so that the callback stays one.)
static __attribute__((noipa)) void
heapsort(struct record *r, uint32_t n, int (*compare)(const void *, const void *))
{
	for (uint32_t at = n / 2; at-- > 0; )
		sift(r, at, n, compare);
	while (n-- > 1) {
		struct record swap = r[0];

		r[0] = r[n];
		r[n] = swap;
		sift(r, 0, n, compare);
	}
}

uint32_t
run(uint32_t seed)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < COUNT; i++) {
		seed = seed * 1664525 + 1013904223;
		records[i] = (struct record){ seed, i };
	}
	heapsort(records, COUNT, by_key);
	for (int i = 0; i < COUNT; i++)
		sum = sum * 31 + records[i].number;
	return sum;
}
MODULE_CALLABLE(run);
