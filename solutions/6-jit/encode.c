// The encoders that you write (exo/a32.h): one word each.

#include <exo/a32.h>
#include <exo/todo.h>

// BEGIN SOLUTION 6.3
#define ALWAYS ((uint32_t)AL << 28)

uint32_t
a32_imm(uint32_t value)
{
	for (uint32_t turn = 0; turn < 16; turn++) {
		uint32_t byte = turn == 0 ? value : value << 2 * turn | value >> (32 - 2 * turn);

		if (byte < 256)
			return turn << 8 | byte;
	}
	return ~0u;
}

uint32_t
a32_dp_imm(enum a32_op op, bool s, unsigned rd, unsigned rn, uint32_t imm12)
{
	return ALWAYS | 1 << 25 | op << 21 | (uint32_t)s << 20 | rn << 16 | rd << 12 | imm12;
}

uint32_t
a32_dp_reg(enum a32_op op, bool s, unsigned rd, unsigned rn, unsigned rm)
{
	return ALWAYS | op << 21 | (uint32_t)s << 20 | rn << 16 | rd << 12 | rm;
}

uint32_t
a32_shift_imm(enum a32_shift shift, unsigned rd, unsigned rm, unsigned by)
{
	return ALWAYS | MOV << 21 | rd << 12 | by << 7 | (by == 0 ? LSL : shift) << 5 | rm;
}

uint32_t
a32_shift_reg(enum a32_shift shift, unsigned rd, unsigned rm, unsigned rs)
{
	return ALWAYS | MOV << 21 | rd << 12 | rs << 8 | shift << 5 | 1 << 4 | rm;
}

uint32_t
a32_movw(unsigned rd, uint32_t value)
{
	return ALWAYS | 0x03000000 | (value >> 12 & 0xf) << 16 | rd << 12 | (value & 0xfff);
}

uint32_t
a32_memory(bool load, unsigned bytes, unsigned rt, unsigned rn, int32_t offset)
{
	uint32_t up = offset >= 0, by = up ? offset : -offset;
	uint32_t word = bytes == 2 ? 0x014000b0 | (by & 0xf0) << 4 | (by & 0xf) : 0x05000000 | (uint32_t)(bytes == 1) << 22 | by;

	return ALWAYS | word | up << 23 | (uint32_t)load << 20 | rn << 16 | rt << 12;
}

uint32_t
a32_branch(enum a32_cond cond, int32_t distance)
{
	return (uint32_t)cond << 28 | 0x0a000000 | ((uint32_t)(distance - 8) >> 2 & 0xffffff);
}
// INSTEAD
//| // TODO 6.3: each as its comment in exo/a32.h says.
//| uint32_t
//| a32_imm(uint32_t value)
//| {
//| 	(void)value;
//| 	todo("6.3");
//| 	return ~0u;
//| }
//|
//| uint32_t
//| a32_dp_imm(enum a32_op op, bool s, unsigned rd, unsigned rn, uint32_t imm12)
//| {
//| 	(void)op, (void)s, (void)rd, (void)rn, (void)imm12;
//| 	todo("6.3");
//| 	return 0;
//| }
//|
//| uint32_t
//| a32_dp_reg(enum a32_op op, bool s, unsigned rd, unsigned rn, unsigned rm)
//| {
//| 	(void)op, (void)s, (void)rd, (void)rn, (void)rm;
//| 	todo("6.3");
//| 	return 0;
//| }
//|
//| uint32_t
//| a32_shift_imm(enum a32_shift shift, unsigned rd, unsigned rm, unsigned by)
//| {
//| 	(void)shift, (void)rd, (void)rm, (void)by;
//| 	todo("6.3");
//| 	return 0;
//| }
//|
//| uint32_t
//| a32_shift_reg(enum a32_shift shift, unsigned rd, unsigned rm, unsigned rs)
//| {
//| 	(void)shift, (void)rd, (void)rm, (void)rs;
//| 	todo("6.3");
//| 	return 0;
//| }
//|
//| uint32_t
//| a32_movw(unsigned rd, uint32_t value)
//| {
//| 	(void)rd, (void)value;
//| 	todo("6.3");
//| 	return 0;
//| }
//|
//| uint32_t
//| a32_memory(bool load, unsigned bytes, unsigned rt, unsigned rn, int32_t offset)
//| {
//| 	(void)load, (void)bytes, (void)rt, (void)rn, (void)offset;
//| 	todo("6.3");
//| 	return 0;
//| }
//|
//| uint32_t
//| a32_branch(enum a32_cond cond, int32_t distance)
//| {
//| 	(void)cond, (void)distance;
//| 	todo("6.3");
//| 	return 0;
//| }
// END SOLUTION
