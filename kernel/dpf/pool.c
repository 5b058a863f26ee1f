// Nodes and tests of the trie (exo/dpf.h): where they come from, their places in lists, and the sums of what is
// behind them.

#include <exo/string.h>

#include "dpf.h"

struct dpf_node dpf_root;
uint32_t dpf_nodes, dpf_tests, dpf_mixed;

static struct dpf_node nodes[DPF_POOL] DPF_LARGE, *free_nodes;
static struct dpf_test tests[DPF_POOL] DPF_LARGE, *free_tests;
static uint32_t nodes_used, tests_used;	// ever

bool
dpf_room(uint32_t count)
{
	return dpf_nodes + count <= DPF_POOL && dpf_tests + count <= DPF_POOL;
}

void
dpf_forget_blocks(void)
{
	dpf_root.block = 0;
	for (uint32_t i = 0; i < nodes_used; i++)
		nodes[i].block = 0;
	for (uint32_t i = 0; i < tests_used; i++)
		tests[i].block = 0;
}

struct dpf_test *
dpf_new_test(struct dpf_node *under, const struct dpf_cell *cell)
{
	struct dpf_test *t = free_tests;

	if (t == NULL)
		t = &tests[tests_used++];
	else
		free_tests = t->next;
	dpf_tests++;
	*t = (struct dpf_test){ .cell = *cell, .from = under, .next = under->tests };
	t->cell.value = 0;
	under->tests = t;
	return t;
}

void
dpf_free_test(struct dpf_test *t)
{
	struct dpf_test **at = &t->from->tests;

	dpf_drop_table(t);
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	t->next = free_tests;
	free_tests = t;
	dpf_tests--;
}

struct dpf_node *
dpf_new_node(struct dpf_test *under, uint32_t value)
{
	struct dpf_node *n = free_nodes, **at = &under->values;

	if (n == NULL)
		n = &nodes[nodes_used++];
	else
		free_nodes = n->next;
	dpf_nodes++;
	while (*at != NULL && (*at)->value < value)
		at = &(*at)->next;
	*n = (struct dpf_node){ .value = value, .from = under, .next = *at };
	*at = n;
	under->count++;
	return n;
}

static struct dpf_node *last_changed;

// Of more filters, too.
static void
sum_up(struct dpf_sum *s, const struct dpf_sum *more)
{
	if (s->filters == 0) {
		*s = *more;
		return;
	}
	s->filters += more->filters;
	if (more->most > s->most)
		s->most = more->most;
	if (more->least < s->least)
		s->least = more->least;
	for (unsigned level = 0; level < DPF_LEVELS; level++)
		if (more->need[level] < s->need[level])
			s->need[level] = more->need[level];
}

static void
sum_own(struct dpf_sum *s, const struct dpf_node *n)
{
	struct dpf_sum own = { 1, n->bits, n->bits, { 0 } };

	memcpy(own.need, n->need, sizeof own.need);
	sum_up(s, &own);
}

static void
sum_node(struct dpf_node *n)
{
	memset(&n->sum, 0, sizeof n->sum);
	for (const struct dpf_test *t = n->tests; t != NULL; t = t->next)
		sum_up(&n->sum, &t->sum);
	if (n->id != 0)
		sum_own(&n->sum, n);
}

static void
sum_test(struct dpf_test *t)
{
	memset(&t->sum, 0, sizeof t->sum);
	for (const struct dpf_node *n = t->values; n != NULL; n = n->next)
		sum_up(&t->sum, &n->sum);
}

// Put a test in its place among the node's.
static void
place(struct dpf_test *t)
{
	struct dpf_test **at = &t->from->tests;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	at = &t->from->tests;
	while (*at != NULL && (*at)->sum.most > t->sum.most)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
}

void
dpf_free_node(struct dpf_node *n)
{
	struct dpf_node **at = &n->from->values;

	dpf_drop_block(&n->block);
	dpf_mixed -= n->mixed;
	n->from->lost = true;
	n->from->lost_value = n->value;
	n->from->count--;
	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	sum_test(n->from);
	place(n->from);
	n->next = free_nodes;
	free_nodes = n;
	dpf_nodes--;
}

// The node has changed: what follows from its tests' sums, and that it has to be compiled.
static void
note(struct dpf_node *n)
{
	uint32_t least = ~0u;
	bool mixed = false;

	for (const struct dpf_test *t = n->tests; t != NULL; t = t->next) {
		mixed |= least < t->sum.most;
		least = t->sum.least < least ? t->sum.least : least;
	}
	dpf_mixed += mixed - n->mixed;
	n->mixed = mixed;
	n->changed = true;
	dpf_drop_block(&n->block);
}

void
dpf_came(struct dpf_node *last)
{
	last_changed = last;
	for (struct dpf_node *n = last;; n = n->from->from) {
		sum_own(&n->sum, last);
		note(n);
		if (n == &dpf_root)
			return;
		sum_own(&n->from->sum, last);
		place(n->from);
	}
}

void
dpf_went(struct dpf_node *last)
{
	last_changed = last;
	for (struct dpf_node *n = last;; n = n->from->from) {
		sum_node(n);
		note(n);
		if (n == &dpf_root)
			return;
		sum_test(n->from);
		place(n->from);
	}
}

void
dpf_settled(void)
{
	struct dpf_node *n = last_changed;

	while (n != NULL) {
		n->changed = false;
		if (n == &dpf_root)
			return;
		if (n->from->round != dpf_round)
			dpf_drop_table(n->from);
		n = n->from->from;
	}
}
