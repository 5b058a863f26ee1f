// The trie, interpreted (rivals.h): what merging is worth without code. A test's values lie in an array, in order.

#include <exo/dpfcode.h>

#include "rivals.h"

#define POOL 16384

struct way {			// a node
	const struct step *steps;
	uint32_t count, id, bits, need[DPF_LEVELS];
};

struct step {			// a test
	struct dpf_cell cell;
	uint8_t first, width;	// of the unit: what is loaded
	uint32_t mask, count, most;
	const uint32_t *values;
	const struct way *ways;
};

static struct way ways[POOL], root;
static struct step steps[POOL];
static uint32_t values[POOL], way_count, step_count, value_count;

static void
prepare(struct way *w, const struct dpf_node *n)
{
	struct step *s = &steps[step_count];

	*w = (struct way){ .steps = s, .id = n->id, .bits = n->bits };
	for (unsigned level = 0; level < DPF_LEVELS; level++)
		w->need[level] = n->need[level];
	for (const struct dpf_test *t = n->tests; t != NULL; t = t->next)
		w->count++;
	step_count += w->count;
	for (const struct dpf_test *t = n->tests; t != NULL; t = t->next, s++) {
		struct way *to = &ways[way_count];
		uint32_t *value = &values[value_count];

		*s = (struct step){ .cell = t->cell, .count = t->count, .most = t->sum.most, .values = value, .ways = to };
		if (t->cell.kind == DPF_CELL) {
			s->width = dpf_width(&t->cell);
			s->first = dpf_first(&t->cell);
			s->mask = dpf_key(&t->cell, t->cell.mask);
		}
		way_count += t->count;
		value_count += t->count;
		for (const struct dpf_node *v = t->values; v != NULL; v = v->next) {
			*value++ = t->cell.kind == DPF_CELL ? dpf_key(&t->cell, v->value) : 0;
			prepare(to++, v);
		}
	}
}

void
trie_prepare(void)
{
	way_count = step_count = value_count = 0;
	prepare(&root, &dpf_root);
}

static const struct way *
find(const struct step *s, uint32_t key)
{
	uint32_t low = 0, high = s->count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (s->values[middle] == key)
			return &s->ways[middle];
		if (s->values[middle] < key)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static const struct way *
follow(const struct step *s, const uint8_t *base, uint32_t left, const uint8_t **next)
{
	const uint8_t *at = base + s->cell.at;

	*next = base;
	if (s->cell.kind == DPF_MOVE) {
		uint32_t field = 0;

		if (left < s->cell.at + (uint32_t)s->cell.bytes)
			return NULL;
		for (unsigned n = 0; n < s->cell.bytes; n++)
			field = field << 8 | at[n];
		*next = base + ((field & s->cell.mask) << s->cell.shift);
		return s->ways;
	}
	at += s->first;
	if (left < s->cell.at + (uint32_t)s->first + s->width && s->width != 4)
		return NULL;
	if (s->width == 4)
		return (int32_t)left < s->cell.at + 1 ? NULL : find(s, *(const uint32_t *)(const void *)at & s->mask);
	return find(s, (s->width == 2 ? *(const uint16_t *)(const void *)at : *at) & s->mask);
}

// The best that ends in w, or behind it, and constrains more than `best`.
static const struct way *
walk(const struct way *w, const uint8_t *const *bases, unsigned level, const uint8_t *end, const struct way *best)
{
	const uint8_t *own[DPF_LEVELS];
	bool whole = true;

	for (unsigned l = 0; l <= level; l++) {
		own[l] = bases[l];
		whole &= end - own[l] >= (int32_t)w->need[l];
	}
	if (w->id != 0 && whole && (best == NULL || w->bits > best->bits))
		best = w;
	for (const struct step *s = w->steps; s < w->steps + w->count; s++) {
		const uint8_t *next;
		const struct way *to;
		bool move = s->cell.kind == DPF_MOVE;

		if ((best != NULL && s->most <= best->bits) || end < own[s->cell.level])
			continue;
		to = follow(s, own[s->cell.level], end - own[s->cell.level], &next);
		if (to == NULL)
			continue;
		if (move)
			own[level + 1] = next;
		best = walk(to, own, move ? level + 1 : level, end, best);
	}
	return best;
}

uint32_t
trie_run(const uint8_t *frame, uint32_t size)
{
	const struct way *found = walk(&root, &frame, 0, frame + size, NULL);

	return found == NULL ? 0 : found->id;
}
