// The encoders that are given (exo/a32.h): one word each.

#include <exo/a32.h>

#define ALWAYS ((uint32_t)AL << 28)

uint32_t
a32_movt(unsigned rd, uint32_t value)
{
	return ALWAYS | 0x03400000 | (value >> 28) << 16 | rd << 12 | (value >> 16 & 0xfff);
}

uint32_t
a32_memory_reg(bool load, unsigned bytes, unsigned rt, unsigned rn, unsigned rm)
{
	uint32_t word = bytes == 2 ? 0x018000b0 : 0x07800000 | (uint32_t)(bytes == 1) << 22;

	return ALWAYS | word | (uint32_t)load << 20 | rn << 16 | rt << 12 | rm;
}

uint32_t
a32_mul(unsigned rd, unsigned rn, unsigned rm)
{
	return ALWAYS | 0x00000090 | rd << 16 | rm << 8 | rn;
}

uint32_t
a32_mls(unsigned rd, unsigned rn, unsigned rm, unsigned ra)
{
	return ALWAYS | 0x00600090 | rd << 16 | ra << 12 | rm << 8 | rn;
}

uint32_t
a32_div(bool is_signed, unsigned rd, unsigned rn, unsigned rm)
{
	return ALWAYS | (is_signed ? 0x0710f010 : 0x0730f010) | rd << 16 | rm << 8 | rn;
}

uint32_t
a32_extend(bool is_signed, unsigned bits, unsigned rd, unsigned rm)
{
	return ALWAYS | (is_signed ? 0x06af0070 : 0x06ef0070) | (uint32_t)(bits == 16) << 20 | rd << 12 | rm;
}

uint32_t
a32_rev(unsigned bits, unsigned rd, unsigned rm)
{
	return ALWAYS | (bits == 16 ? 0x06bf0fb0 : 0x06bf0f30) | rd << 12 | rm;
}

uint32_t
a32_blx(unsigned rm)
{
	return ALWAYS | 0x012fff30 | rm;
}

uint32_t
a32_push(uint32_t registers)
{
	return ALWAYS | 0x092d0000 | registers;
}

uint32_t
a32_pop(uint32_t registers)
{
	return ALWAYS | 0x08bd0000 | registers;
}

uint32_t
a32_dp_shifted(enum a32_op op, bool s, unsigned rd, unsigned rn, unsigned rm, enum a32_shift shift, unsigned by)
{
	return ALWAYS | op << 21 | (uint32_t)s << 20 | rn << 16 | rd << 12 | by << 7 | shift << 5 | rm;
}

uint32_t
a32_block(bool load, unsigned rn, uint32_t registers)
{
	return ALWAYS | 0x08a00000 | (uint32_t)load << 20 | rn << 16 | registers;
}
