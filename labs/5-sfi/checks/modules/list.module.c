// A list of 500 nodes in mixed order: walked, turned around and walked again, twenty times.

#include <sfi/module.h>

#define COUNT 500

struct node {
	struct node *next;
	uint32_t value;
};

static struct node nodes[COUNT];

static uint32_t
walk(const struct node *n, uint32_t sum)
{
	for (; n != NULL; n = n->next)
		sum = sum * 31 + n->value;
	return sum;
}

static struct node *
turn(struct node *n)
{
	struct node *last = NULL;

	while (n != NULL) {
		struct node *next = n->next;

		n->next = last;
		last = n;
		n = next;
	}
	return last;
}

uint32_t
run(uint32_t seed)
{
	struct node *first = NULL;
	uint32_t sum = 0;

	for (uint32_t i = 0; i < COUNT; i++) {
		struct node *n = &nodes[i * 7 % COUNT];

		seed = seed * 1664525 + 1013904223;
		n->value = seed;
		n->next = first;
		first = n;
	}
	for (int i = 0; i < 20; i++) {
		sum = walk(first, sum);
		first = turn(first);
	}
	return sum;
}
MODULE_CALLABLE(run);
