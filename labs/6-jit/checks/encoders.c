// Calls of the encoders, from the run's input, one after the other: which (the number of its case), how many operands,
// the operands. What each returned the grader reads from `results`.

#include <exo/a32.h>
#include <exo/check.h>

#define CALLS 8192

uint32_t results[CALLS];

static uint32_t
call(uint32_t which, const uint32_t o[])
{
	switch (which) {
	case 0:  return a32_imm(o[0]);
	case 1:  return a32_dp_imm(o[0], o[1], o[2], o[3], o[4]);
	case 2:  return a32_dp_reg(o[0], o[1], o[2], o[3], o[4]);
	case 3:  return a32_shift_imm(o[0], o[1], o[2], o[3]);
	case 4:  return a32_shift_reg(o[0], o[1], o[2], o[3]);
	case 5:  return a32_movw(o[0], o[1]);
	case 6:  return a32_memory(o[0], o[1], o[2], o[3], o[4]);
	case 7:  return a32_branch(o[0], o[1]);
	case 8:  return a32_movt(o[0], o[1]);
	case 9:  return a32_memory_reg(o[0], o[1], o[2], o[3], o[4]);
	case 10: return a32_mul(o[0], o[1], o[2]);
	case 11: return a32_mls(o[0], o[1], o[2], o[3]);
	case 12: return a32_div(o[0], o[1], o[2], o[3]);
	case 13: return a32_extend(o[0], o[1], o[2], o[3]);
	case 14: return a32_rev(o[0], o[1], o[2]);
	case 15: return a32_blx(o[0]);
	case 16: return a32_push(o[0]);
	case 17: return a32_pop(o[0]);
	default: return 0;
	}
}

void
check_main(void)
{
	const uint32_t *at = (const uint32_t *)params()->input, *end = at + params()->input_size / 4;

	for (uint32_t *r = results; at < end && r < results + CALLS; at += 2 + at[1])
		*r++ = call(at[0], at + 2);
}
