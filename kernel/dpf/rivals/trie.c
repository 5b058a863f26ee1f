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

// The base behind a field; null: it is not in the frame.
static const uint8_t *
move(const struct step *s, const uint8_t *base, const uint8_t *end)
{
	const uint8_t *at = base + s->cell.at;
	uint32_t field = 0;

	if (end - at < s->cell.bytes)
		return NULL;
	for (unsigned n = 0; n < s->cell.bytes; n++)
		field = field << 8 | at[n];
	return base + ((field & s->cell.mask) << s->cell.shift);
}

// Where what lies in the frame leads; null: nowhere. A unit of 4 bytes may reach beyond the frame's end.
static const struct way *
follow(const struct step *s, const uint8_t *base, const uint8_t *end)
{
	const uint8_t *at = base + s->cell.at + s->first;
	uint32_t key;

	if (end - at < (s->width == 4 ? 1 : s->width))
		return NULL;
	key = s->width == 4 ? *(const uint32_t *)(const void *)at : s->width == 2 ? *(const uint16_t *)(const void *)at : *at;
	key &= s->mask;
	if (s->count == 1)
		return s->values[0] == key ? s->ways : NULL;
	return find(s, key);
}

static bool
whole(const struct way *w, const uint8_t *const *bases, unsigned level, const uint8_t *end)
{
	for (unsigned l = 0; l <= level; l++)
		if (end - bases[l] < (int32_t)w->need[l])
			return false;
	return true;
}

// The best that ends in w, or behind it, and constrains more than `best`. What is deeper writes only deeper bases.
static const struct way *
walk(const struct way *w, const uint8_t **bases, unsigned level, const uint8_t *end, const struct way *best)
{
	if (w->id != 0 && (best == NULL || w->bits > best->bits) && whole(w, bases, level, end))
		best = w;
	for (const struct step *s = w->steps; s < w->steps + w->count; s++) {
		const struct way *to;

		if (best != NULL && s->most <= best->bits)
			break;				// nor do those behind it lead to more
		if (s->cell.kind == DPF_MOVE) {
			bases[level + 1] = move(s, bases[level], end);
			if (bases[level + 1] != NULL)
				best = walk(s->ways, bases, level + 1, end, best);
		} else {
			to = follow(s, bases[level], end);
			if (to != NULL)
				best = walk(to, bases, level, end, best);
		}
	}
	return best;
}

uint32_t
trie_run(const uint8_t *frame, uint32_t size)
{
	const uint8_t *bases[DPF_LEVELS] = { frame };
	const struct way *found = walk(&root, bases, 0, frame + size, NULL);

	return found == NULL ? 0 : found->id;
}
