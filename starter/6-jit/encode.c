// The encoders that you write (exo/a32.h): one word each, as `make derive` finds it.

#include <exo/a32.h>
#include <exo/todo.h>

#define ALWAYS 0xe0000000u	// the condition AL, in bits 31:28

// TODO 6.3: each as its comment in exo/a32.h says.
#pragma GCC diagnostic ignored "-Wunused-parameter"	// until all are written

uint32_t
a32_imm(uint32_t value)
{
	todo("6.3");
	return 0;
}

uint32_t
a32_dp_imm(enum a32_op op, bool s, unsigned rd, unsigned rn, uint32_t imm12)
{
	todo("6.3");
	return 0;
}

uint32_t
a32_dp_reg(enum a32_op op, bool s, unsigned rd, unsigned rn, unsigned rm)
{
	todo("6.3");
	return 0;
}

uint32_t
a32_shift_imm(enum a32_shift shift, unsigned rd, unsigned rm, unsigned by)
{
	todo("6.3");
	return 0;
}

uint32_t
a32_shift_reg(enum a32_shift shift, unsigned rd, unsigned rm, unsigned rs)
{
	todo("6.3");
	return 0;
}

uint32_t
a32_movw(unsigned rd, uint32_t value)
{
	todo("6.3");
	return 0;
}

uint32_t
a32_memory(bool load, unsigned bytes, unsigned rt, unsigned rn, int32_t offset)
{
	todo("6.3");
	return 0;
}

uint32_t
a32_branch(enum a32_cond cond, int32_t distance)
{
	todo("6.3");
	return 0;
}
