// The 64-bit half of BPF (RFC 9669): conformance groups base64 and divmul64, beside what exo/bpf.h says and
// exo/jit.h.
//
// *Registers* are 64 bits wide. What reads or writes fewer takes the lower half, and a write of 32 bits makes the
// upper one zero. So are those of r1 to r3, of r10 and of what helpers return. Helpers are given the lower halves
// of their arguments, and the lower half of r0 is the program's result.
//
// *Addresses* are modulo 2^32 as before: the upper half of the register that one is computed from does not count.
// What is checked is what is accessed. An access has 1, 2, 4 or 8 bytes.
//
// *A wide immediate* is two slots. The second has no opcode, and nothing jumps there.
//
// *Compiled code* has the lower halves where exo/jit.h has registers, so that whatever has 32 bits is compiled as
// it was; the upper ones are in the frame, behind what the caller's registers are kept in. Many are zero always:
// those of addresses and sizes that are only copied. Which these are is found before a program is compiled, and
// they cost nothing.
//
// *Time*: a division of 64 bits is a call, of up to some 850 instructions, and takes no fuel. So a program without
// a loop is bounded by BPF_INSNS_MAX of these.
#pragma once

#include <exo/jit.h>

#define WIDE_LDDW  (BPF_LD | BPF_DW)	// mode IMM, which is 0 (section 5.4)
#define WIDE_MEMSX 0x80			// a mode of LDX: sign-extending

#define WIDE_SAVED (JIT_SAVED + 36)	// in the frame: the upper halves of r0 to r9, behind r4 to r11 and lr
#define WIDE_UPPER(r) (WIDE_SAVED + 4 * (r))

static inline unsigned
wide_bytes(uint8_t opcode)
{
	return BPF_SIZE(opcode) == BPF_DW ? 8 : bpf_bytes(opcode);
}

static inline bool
wide_jumps(const struct bpf_insn *i)
{
	uint8_t op = BPF_OP(i->opcode);

	return bpf_jumps(i) || (BPF_CLASS(i->opcode) == BPF_JMP && op != BPF_CALL && op != BPF_EXIT);
}

// Whether an instruction of ALU or ALU64 computes with 64 bits.
static inline bool
wide_computes(const struct bpf_insn *i)
{
	if (BPF_OP(i->opcode) == BPF_END)
		return i->imm == 64;
	return BPF_CLASS(i->opcode) == BPF_ALU64;
}

// Whether an instruction is none of base32 and divmul32.
static inline bool
wide_only(const struct bpf_insn *i)
{
	switch (BPF_CLASS(i->opcode)) {
	case BPF_ALU:
	case BPF_ALU64:
		return wide_computes(i);
	case BPF_LDX:
	case BPF_ST:
	case BPF_STX:
		return BPF_MODE(i->opcode) != BPF_MEM || BPF_SIZE(i->opcode) == BPF_DW;
	default:
		return BPF_CLASS(i->opcode) == BPF_LD || (wide_jumps(i) && !bpf_jumps(i));
	}
}

// What the instructions mean, in wide.c: what one that wide_computes() makes of a and its second operand b;
// whether a jump of JMP is taken; the accesses, at bytes that may be unaligned.
uint64_t wide_alu(const struct bpf_insn *i, uint64_t a, uint64_t b);
bool wide_taken(const struct bpf_insn *i, uint64_t a, uint64_t b);
uint64_t wide_load(const struct bpf_insn *i, const uint8_t *from);
void wide_store(const struct bpf_insn *i, uint8_t *to, uint64_t value);

// Division, as compiled code calls it too: by zero it is 0, a remainder what was divided; the smallest number by
// -1 is itself (section 4.1).
typedef uint64_t wide_division(uint64_t a, uint64_t b);
wide_division *wide_divides(const struct bpf_insn *i);

// Before a program is compiled, in pairs.c: find the registers whose upper half may be other than zero.
void wide_find(const struct bpf_insn *insns, uint32_t count);

// The code of instructions, in pairs.c. wide_arithmetic(): of what wide_computes(); false: the 32-bit instruction
// does it. wide_memory(): of an access of 8 bytes. wide_wrote(): behind a 32-bit instruction that wrote dst.
// wide_immediate(): of a wide immediate's first slot.
bool wide_arithmetic(struct jit *j, const struct bpf_insn *i);
void wide_memory(struct jit *j, const struct bpf_insn *i);
void wide_wrote(struct jit *j, const struct bpf_insn *i);
void wide_immediate(struct jit *j, const struct bpf_insn *i);

// Of a jump that is taken under `cond`: compare, and the condition that it is taken under then. `lower` compares
// 32 bits, by CMP or TST.
typedef void wide_lower(struct jit *j, const struct bpf_insn *i, enum a32_op op);
enum a32_cond wide_compare(struct jit *j, const struct bpf_insn *i, enum a32_cond cond, wide_lower *lower);
