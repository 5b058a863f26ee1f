// What the 64-bit instructions mean (wide.h), one after the other: what the interpreter does, and what compiled
// code calls.

#include "wide.h"

static uint64_t
divide(uint64_t a, uint64_t b)
{
	return b == 0 ? 0 : a / b;
}

static uint64_t
remainder(uint64_t a, uint64_t b)
{
	return b == 0 ? a : a % b;
}

static uint64_t
divide_signed(uint64_t a, uint64_t b)
{
	if (b == 0 || b == -1ull)
		return b == 0 ? 0 : -a;
	return (int64_t)a / (int64_t)b;
}

static uint64_t
remainder_signed(uint64_t a, uint64_t b)
{
	if (b == 0 || b == -1ull)
		return b == 0 ? a : 0;
	return (int64_t)a % (int64_t)b;
}

wide_division *
wide_divides(const struct bpf_insn *i)
{
	static wide_division *const by[2][2] = { { divide, divide_signed }, { remainder, remainder_signed } };

	return by[BPF_OP(i->opcode) == BPF_MOD][i->offset];
}

static uint64_t
move(const struct bpf_insn *i, uint64_t b)
{
	switch (i->offset) {
	case 8:
		return (int8_t)b;
	case 16:
		return (int16_t)b;
	case 32:
		return (int32_t)b;
	default:
		return b;
	}
}

uint64_t
wide_alu(const struct bpf_insn *i, uint64_t a, uint64_t b)
{
	switch (BPF_OP(i->opcode)) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
	case BPF_MOD:
		return wide_divides(i)(a, b);
	case BPF_OR:
		return a | b;
	case BPF_AND:
		return a & b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << (b & 63);
	case BPF_RSH:
		return a >> (b & 63);
	case BPF_ARSH:
		return (int64_t)a >> (b & 63);
	case BPF_NEG:
		return -a;
	case BPF_END:			// this machine is little-endian
		return i->opcode == (BPF_ALU | BPF_END) ? a : __builtin_bswap64(a);
	default:			// BPF_MOV
		return move(i, b);
	}
}

bool
wide_taken(const struct bpf_insn *i, uint64_t a, uint64_t b)
{
	int64_t sa = a, sb = b;

	switch (BPF_OP(i->opcode)) {
	case BPF_JA:
		return true;
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSET:
		return (a & b) != 0;
	case BPF_JSGT:
		return sa > sb;
	case BPF_JSGE:
		return sa >= sb;
	case BPF_JSLT:
		return sa < sb;
	default:			// BPF_JSLE
		return sa <= sb;
	}
}

uint64_t
wide_load(const struct bpf_insn *i, const uint8_t *from)
{
	unsigned bytes = wide_bytes(i->opcode), none = 32 - 8 * bytes;
	uint32_t lower = bpf_load(from, bytes == 8 ? 4 : bytes);

	if (bytes == 8)
		return (uint64_t)bpf_load(from + 4, 4) << 32 | lower;
	if (BPF_MODE(i->opcode) == WIDE_MEMSX)
		return (int64_t)((int32_t)(lower << none) >> none);
	return lower;
}

void
wide_store(const struct bpf_insn *i, uint8_t *to, uint64_t value)
{
	unsigned bytes = wide_bytes(i->opcode);

	bpf_store(to, value, bytes == 8 ? 4 : bytes);
	if (bytes == 8)
		bpf_store(to + 4, value >> 32, 4);
}
