// The trie, walked (exo/dpf.h): what classifies when there is no room for code. It needs none itself, and is slow.

#include "dpf.h"

struct frame {
	const uint8_t *bases[DPF_LEVELS], *end;
};

static bool
whole(const struct dpf_node *n, const struct frame *f, unsigned level)
{
	for (unsigned l = 0; l <= level; l++)
		if (f->end - f->bases[l] < (int32_t)n->need[l])
			return false;
	return true;
}

// The number of so many bytes, the first one the lowest; those that are not in the frame are 0. False: one that is
// wanted is not.
static bool
number(const struct frame *f, const uint8_t *at, unsigned bytes, uint32_t mask, uint32_t *value)
{
	*value = 0;
	for (unsigned n = 0; n < bytes; n++) {
		if ((mask >> 8 * n & 0xff) == 0)
			continue;
		if (at + n >= f->end)
			return false;
		*value |= (uint32_t)at[n] << 8 * n;
	}
	return true;
}

// The filter of the most bits that ends in n, or behind it, and constrains more than *best. What is deeper writes
// deeper bases alone.
static void
walk(const struct dpf_node *n, struct frame *f, unsigned level, const struct dpf_node **best)
{
	uint32_t value;

	if (n->id != 0 && (*best == NULL || n->bits > (*best)->bits) && whole(n, f, level))
		*best = n;
	for (const struct dpf_test *t = n->tests; t != NULL; t = t->next) {
		const struct dpf_cell *c = &t->cell;
		const uint8_t *at = f->bases[level] + c->at;

		if (*best != NULL && t->sum.most <= (*best)->bits)
			return;			// nor do those behind it lead to more
		if (!number(f, at, c->bytes, c->kind == DPF_MOVE ? ~0u : c->mask, &value))
			continue;
		if (c->kind == DPF_MOVE) {
			value = __builtin_bswap32(value) >> (32 - 8 * c->bytes) & c->mask;
			f->bases[level + 1] = f->bases[level] + (value << c->shift);
			walk(t->values, f, level + 1, best);
			continue;
		}
		for (const struct dpf_node *v = t->values; v != NULL; v = v->next)
			if (v->value == (value & c->mask))
				walk(v, f, level, best);
	}
}

uint32_t
dpf_walk(const uint8_t *frame, uint32_t size)
{
	struct frame f = { { frame }, frame + size };
	const struct dpf_node *best = NULL;

	walk(&dpf_root, &f, 0, &best);
	return best == NULL ? 0 : best->id;
}
