// Constants and cells in registers (exo/dpfcode.h): the instructions that say a constant most briefly, the narrowest
// loads.

#include "dpf.h"

void
dpf_compare(enum a32_cond cond, unsigned rn, uint32_t value)
{
	if (a32_imm(value) != ~0u) {
		dpf_emit(a32_when(cond, a32_dp_imm(CMP, true, 0, rn, a32_imm(value))));
	} else {
		dpf_constant(DPF_SCRATCH, value);
		dpf_emit(a32_when(cond, a32_dp_reg(CMP, true, 0, rn, DPF_SCRATCH)));
	}
}

static void
and(enum a32_cond cond, bool flags, unsigned rd, uint32_t mask, uint32_t all)
{
	if (a32_imm(mask) != ~0u) {
		dpf_emit(a32_when(cond, a32_dp_imm(AND, flags, rd, rd, a32_imm(mask))));
	} else if (a32_imm(all & ~mask) != ~0u) {
		dpf_emit(a32_when(cond, a32_dp_imm(BIC, flags, rd, rd, a32_imm(all & ~mask))));
	} else {
		dpf_constant(DPF_SCRATCH, mask);
		dpf_emit(a32_when(cond, a32_dp_reg(AND, flags, rd, rd, DPF_SCRATCH)));
	}
}

unsigned
dpf_first(const struct dpf_cell *cell)
{
	unsigned low = __builtin_ctz(cell->mask) / 8, high = (31 - __builtin_clz(cell->mask)) / 8;

	return low == high ? low : low / 2 == high / 2 ? low & ~1u : 0;
}

unsigned
dpf_width(const struct dpf_cell *cell)
{
	unsigned low = __builtin_ctz(cell->mask) / 8, high = (31 - __builtin_clz(cell->mask)) / 8;

	return low == high ? 1 : low / 2 == high / 2 ? 2 : 4;
}

uint32_t
dpf_key(const struct dpf_cell *cell, uint32_t value)
{
	return value >> 8 * dpf_first(cell);
}

void
dpf_load_unit(const struct dpf_cell *cell)
{
	unsigned base = dpf_base(cell->level), bytes = dpf_width(cell);
	uint32_t at = cell->at + dpf_first(cell);

	if (at < (bytes == 2 ? 256 : 4096)) {
		dpf_emit(a32_memory(true, bytes, DPF_KEY, base, at));
	} else {
		dpf_emit(a32_movw(DPF_KEY, at));
		dpf_emit(a32_memory_reg(true, bytes, DPF_KEY, base, DPF_KEY));
	}
}

void
dpf_mask(const struct dpf_cell *cell, enum a32_cond cond, bool flags)
{
	and(cond, flags, DPF_KEY, dpf_key(cell, cell->mask), ~0u >> (32 - 8 * dpf_width(cell)));
}

bool
dpf_has_mask(const struct dpf_cell *cell)
{
	return dpf_key(cell, cell->mask) != ~0u >> (32 - 8 * dpf_width(cell));
}

void
dpf_load(const struct dpf_cell *cell)
{
	dpf_load_unit(cell);
	if (dpf_has_mask(cell))
		dpf_mask(cell, AL, false);
}

// Byte by byte, which no alignment disturbs.
void
dpf_field(const struct dpf_cell *field)
{
	unsigned base = dpf_base(field->level), bytes = field->bytes;
	uint32_t at = field->at;

	for (unsigned n = 0; n < bytes; n++) {
		unsigned rd = n == 0 ? DPF_KEY : DPF_SCRATCH;

		if (at + n < 4096) {
			dpf_emit(a32_memory(true, 1, rd, base, at + n));
		} else {
			dpf_emit(a32_movw(rd, at + n));
			dpf_emit(a32_memory_reg(true, 1, rd, base, rd));
		}
		if (n > 0)
			dpf_emit(a32_dp_shift(ORR, false, DPF_KEY, DPF_SCRATCH, DPF_KEY, LSL, 8));
	}
	if (field->mask != ~0u >> (32 - 8 * bytes))
		and(AL, false, DPF_KEY, field->mask, ~0u >> (32 - 8 * bytes));
}
