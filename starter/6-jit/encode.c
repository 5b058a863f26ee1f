// The encoders that you write (exo/a32.h): one word each.

#include <exo/a32.h>
#include <exo/todo.h>

// TODO 6.3: each as its comment in exo/a32.h says.
uint32_t
a32_imm(uint32_t value)
{
	(void)value;
	todo("6.3");
	return ~0u;
}

uint32_t
a32_dp_imm(enum a32_op op, bool s, unsigned rd, unsigned rn, uint32_t imm12)
{
	(void)op, (void)s, (void)rd, (void)rn, (void)imm12;
	todo("6.3");
	return 0;
}

uint32_t
a32_dp_reg(enum a32_op op, bool s, unsigned rd, unsigned rn, unsigned rm)
{
	(void)op, (void)s, (void)rd, (void)rn, (void)rm;
	todo("6.3");
	return 0;
}

uint32_t
a32_shift_imm(enum a32_shift shift, unsigned rd, unsigned rm, unsigned by)
{
	(void)shift, (void)rd, (void)rm, (void)by;
	todo("6.3");
	return 0;
}

uint32_t
a32_shift_reg(enum a32_shift shift, unsigned rd, unsigned rm, unsigned rs)
{
	(void)shift, (void)rd, (void)rm, (void)rs;
	todo("6.3");
	return 0;
}

uint32_t
a32_movw(unsigned rd, uint32_t value)
{
	(void)rd, (void)value;
	todo("6.3");
	return 0;
}

uint32_t
a32_memory(bool load, unsigned bytes, unsigned rt, unsigned rn, int32_t offset)
{
	(void)load, (void)bytes, (void)rt, (void)rn, (void)offset;
	todo("6.3");
	return 0;
}

uint32_t
a32_branch(enum a32_cond cond, int32_t distance)
{
	(void)cond, (void)distance;
	todo("6.3");
	return 0;
}
