// More encoders (exo/dpfcode.h): one word each.

#include <exo/dpfcode.h>

#define ALWAYS ((uint32_t)AL << 28)

uint32_t
a32_dp_shift(enum a32_op op, bool s, unsigned rd, unsigned rn, unsigned rm, enum a32_shift shift, unsigned by)
{
	return a32_dp_reg(op, s, rd, rn, rm) | by << 7 | shift << 5;
}

uint32_t
a32_ubfx(unsigned rd, unsigned rn, unsigned from, unsigned bits)
{
	return ALWAYS | 0x07e00050 | (bits - 1) << 16 | rd << 12 | from << 7 | rn;
}

uint32_t
a32_bx(unsigned rm)
{
	return ALWAYS | 0x012fff10 | rm;
}

uint32_t
a32_jump(unsigned rm)
{
	return ALWAYS | 0x07900100 | A32_PC << 16 | A32_PC << 12 | rm;
}
