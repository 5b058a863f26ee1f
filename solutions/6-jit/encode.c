// The encoders that you write (exo/a32.h): one word each, as `make derive` finds it.

#include <exo/a32.h>
#include <exo/todo.h>

#define ALWAYS 0xe0000000u	// the condition AL, in bits 31:28

// BEGIN SOLUTION 6.3
uint32_t
a32_imm(uint32_t value)
{
	uint32_t turn = value < 256 ? 0 : __builtin_ctz(value) / 2, across = value << 8 | value >> 24;

	if (value >> 2 * turn < 256)
		return (16 - turn) % 16 << 8 | value >> 2 * turn;
	turn = __builtin_ctz(across) / 2;			// not eight bits that lie together; maybe they do round the ends
	return across >> 2 * turn < 256 ? (20 - turn) % 16 << 8 | across >> 2 * turn : ~0u;
}

uint32_t
a32_dp_imm(enum a32_op op, bool s, unsigned rd, unsigned rn, uint32_t imm12)
{
	return 1 << 25 | a32_dp_reg(op, s, rd, rn, imm12);
}

uint32_t
a32_dp_reg(enum a32_op op, bool s, unsigned rd, unsigned rn, unsigned rm)
{
	return ALWAYS | op << 21 | s << 20 | rn << 16 | rd << 12 | rm;
}

uint32_t
a32_shift_imm(enum a32_shift shift, unsigned rd, unsigned rm, unsigned by)
{
	return a32_dp_reg(MOV, false, rd, 0, by << 7 | (by > 0 ? shift : LSL) << 5 | rm);
}

uint32_t
a32_shift_reg(enum a32_shift shift, unsigned rd, unsigned rm, unsigned rs)
{
	return a32_dp_reg(MOV, false, rd, 0, rs << 8 | shift << 5 | 1 << 4 | rm);
}

uint32_t
a32_movw(unsigned rd, uint32_t value)
{
	return ALWAYS | 0x03000000 | (value & 0xf000) << 4 | rd << 12 | (value & 0xfff);
}

uint32_t
a32_memory(bool load, unsigned bytes, unsigned rt, unsigned rn, int32_t offset)
{
	uint32_t up = offset >= 0, by = up ? offset : -offset;
	uint32_t word = bytes == 2 ? 0x014000b0 | (by & 0xf0) << 4 | (by & 0xf) : 0x05000000 | (bytes == 1) << 22 | by;

	return ALWAYS | word | up << 23 | load << 20 | rn << 16 | rt << 12;
}

uint32_t
a32_branch(enum a32_cond cond, int32_t distance)
{
	return (uint32_t)cond << 28 | 0x0a000000 | ((distance - 8) / 4 & 0xffffff);
}
// INSTEAD
//| // TODO 6.3: each as its comment in exo/a32.h says.
//| #pragma GCC diagnostic ignored "-Wunused-parameter"	// until all are written
//|
//| uint32_t
//| a32_imm(uint32_t value)
//| {
//| 	todo("6.3");
//| 	return 0;
//| }
//|
//| uint32_t
//| a32_dp_imm(enum a32_op op, bool s, unsigned rd, unsigned rn, uint32_t imm12)
//| {
//| 	todo("6.3");
//| 	return 0;
//| }
//|
//| uint32_t
//| a32_dp_reg(enum a32_op op, bool s, unsigned rd, unsigned rn, unsigned rm)
//| {
//| 	todo("6.3");
//| 	return 0;
//| }
//|
//| uint32_t
//| a32_shift_imm(enum a32_shift shift, unsigned rd, unsigned rm, unsigned by)
//| {
//| 	todo("6.3");
//| 	return 0;
//| }
//|
//| uint32_t
//| a32_shift_reg(enum a32_shift shift, unsigned rd, unsigned rm, unsigned rs)
//| {
//| 	todo("6.3");
//| 	return 0;
//| }
//|
//| uint32_t
//| a32_movw(unsigned rd, uint32_t value)
//| {
//| 	todo("6.3");
//| 	return 0;
//| }
//|
//| uint32_t
//| a32_memory(bool load, unsigned bytes, unsigned rt, unsigned rn, int32_t offset)
//| {
//| 	todo("6.3");
//| 	return 0;
//| }
//|
//| uint32_t
//| a32_branch(enum a32_cond cond, int32_t distance)
//| {
//| 	todo("6.3");
//| 	return 0;
//| }
// END SOLUTION
