// Filters in canonical form (exo/dpf.h): shifts by constants folded into offsets, atoms coalesced into cells, cells in order.

#include <exo/dpf.h>
#include <exo/error.h>
#include <exo/todo.h>

// BEGIN SOLUTION 7.1
// What is known of the base at an item.
struct base {
	uint8_t level, unit, phase;	// its address is a multiple of unit, and phase
	uint32_t moved;			// by constants
};

// One byte of an atom.
static bool
byte(struct dpf_canon *c, const struct base *base, uint32_t offset, uint32_t mask, uint32_t value)
{
	int32_t at = offset - (offset + base->phase) % base->unit;
	struct dpf_cell *cell = dpf_cell(c, &(struct dpf_cell){ .level = base->level, .bytes = base->unit, .at = at });
	uint32_t shift = 8 * (offset - at);

	if (cell == NULL)
		return false;
	if (((cell->value ^ value << shift) & cell->mask & mask << shift) != 0)
		return false;
	c->bits += __builtin_popcount(mask << shift & ~cell->mask);
	cell->mask |= mask << shift;
	cell->value |= value << shift;
	return true;
}

static bool
atom(struct dpf_canon *c, const struct base *base, const struct dpf_item *i)
{
	for (uint32_t shift = 0; shift < i->width; shift += 8) {
		uint32_t offset = base->moved + i->offset + (i->width - shift) / 8 - 1;

		if ((i->mask >> shift & 0xff) != 0 && !byte(c, base, offset, i->mask >> shift & 0xff, i->value >> shift & 0xff))
			return false;
	}
	return true;
}

static bool
field(struct dpf_canon *c, struct base *base, const struct dpf_item *i)
{
	struct dpf_cell move = { .kind = DPF_MOVE, .level = base->level, .bytes = i->width / 8, .shift = i->value,
		.at = base->moved + i->offset, .mask = i->mask };

	if (dpf_cell(c, &move) == NULL || ++base->level == DPF_LEVELS)
		return false;
	while ((i->mask << i->value) % base->unit != 0)
		base->unit /= 2;
	base->phase %= base->unit;
	return true;
}

int
dpf_canonical(const struct dpf_filter *filter, struct dpf_canon *c)
{
	struct base base = { .unit = 4, .phase = 2 };

	*c = (struct dpf_canon){ 0 };
	for (const struct dpf_item *i = filter->items; i < filter->items + filter->count; i++) {
		uint32_t end = base.moved + i->offset + i->width / 8, *need = &c->need[base.level];

		if (i->kind == DPF_SHIFT) {
			base.moved += i->value;
			continue;
		}
		if (end > DPF_REACH)
			return -E_INVAL;
		if (end > *need)
			*need = end;
		if (i->kind == DPF_ATOM ? !atom(c, &base, i) : !field(c, &base, i))
			return -E_INVAL;
	}
	if (c->count > 0 && c->cells[c->count - 1].kind == DPF_MOVE)
		c->count--;
	return 0;
}
// INSTEAD
//| int
//| dpf_canonical(const struct dpf_filter *filter, struct dpf_canon *c)
//| {
//| 	// TODO 7.1: fold constants, gather cells, keep them in order.
//| 	(void)filter, (void)c;
//| 	todo("7.1");
//| 	return -E_INVAL;
//| }
// END SOLUTION
