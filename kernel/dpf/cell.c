// Cells of a filter's canonical form, in order (exo/dpf.h).

#include <exo/dpf.h>

static int
compare(const struct dpf_cell *a, const struct dpf_cell *b)
{
	if (a->level != b->level)
		return a->level - b->level;
	if (a->kind != b->kind)
		return a->kind - b->kind;
	return a->at - b->at;
}

struct dpf_cell *
dpf_cell(struct dpf_canon *c, const struct dpf_cell *cell)
{
	uint32_t n = 0;

	while (n < c->count && compare(&c->cells[n], cell) < 0)
		n++;
	if (n < c->count && compare(&c->cells[n], cell) == 0)
		return &c->cells[n];
	if (c->count == DPF_CELLS)
		return NULL;
	for (uint32_t i = c->count++; i > n; i--)
		c->cells[i] = c->cells[i - 1];
	c->cells[n] = *cell;
	return &c->cells[n];
}
