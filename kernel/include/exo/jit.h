// The compiler from BPF (exo/bpf.h) to A32: one function for each program, which does what the interpreter does. It
// goes once through the program. Branches are to labels, and are put right at the end, when it is known where
// everything is.
//
// *Registers of the code*: r0 to r9 are BPF's. r10 is the memory's address; r11 its size less 3, so that an access of
// any size that begins below it is in the memory; r12 the fuel that is left; lr is scratch, and for a moment r12, too,
// kept at JIT_SPILL. BPF's r10 is sp + BPF_STACK.
//
//	sp + 0         the program's stack, BPF_STACK bytes
//	   + JIT_SPILL    a word
//	   + JIT_CONTEXT  the context
//	   + JIT_RESULT   where r0 goes
//	   + JIT_SAVED    r4 to r11, lr of the caller
#pragma once

#include <exo/a32.h>
#include <exo/bpf.h>

#define JIT_SPILL   BPF_STACK
#define JIT_CONTEXT (BPF_STACK + 4)
#define JIT_RESULT  (BPF_STACK + 8)
#define JIT_SAVED   (BPF_STACK + 12)

#define JIT_MEMORY 10
#define JIT_LIMIT  11
#define JIT_FUEL   12
#define JIT_SCRATCH A32_LR

// Labels: instruction n is label n, and there are the three ways out, and more of the compiler's own.
#define JIT_EXIT    BPF_INSNS_MAX		// r0 is BPF's, and the program is done
#define JIT_FAULT   (BPF_INSNS_MAX + 1)		// lr is an address less the memory's, and is not in it
#define JIT_NO_FUEL (BPF_INSNS_MAX + 2)		// a unit was not there
#define JIT_TAILS   (BPF_INSNS_MAX + 3)

struct jit {
	const struct bpf_insn *insns;
	uint32_t count;
	const struct bpf_helper *helpers;
	uint32_t *next;			// where the next word goes
	uint32_t **at;			// where each label is
	uint32_t **branches;		// the next of the branches to labels
	struct jit_tail *tails;		// the next of these,
	uint32_t tail;			// and its label
	unsigned first;			// the register of the first operand (jit_instruction())

	// JIT_SCRATCH is the register `base` plus `offset`, less the memory's address; base == JIT_SCRATCH: it is not.
	unsigned base;
	int32_t offset;

	// For jit_place(), Rn and constants still to be put in: SUB lr, r0, r10; ADD lr, lr, #0; SUB lr, lr, #0.
	uint32_t place, up, down;
};

#define JIT_MOST 32		// words of an instruction, at most

// A branch out of the straight way, to be emitted behind it: an access of fewer than 4 bytes near the memory's end.
struct jit_tail {
	uint32_t *back;			// where it goes on
	uint32_t bytes;
};

typedef enum bpf_end jit_function(struct bpf_context *context, uint32_t *result);

// Given, in kernel/jit/jit.c. Compile a program that the verifier accepts into `capacity` words at `code`: into how
// many; or -E_NOMEM, there were not JIT_MOST more of them. The code runs where it is copied to, too, and needs `insns`
// no more. Not at the same time for two.
int32_t jit_compile(const struct bpf_insn *insns, uint32_t count, const struct bpf_helper *helpers, uint32_t *code,
    uint32_t capacity);

static inline void
jit_emit(struct jit *j, uint32_t word)
{
	*j->next++ = word;
	if ((word >> 12 & 0xf) == JIT_SCRATCH)		// it may be written: Rd, Rt
		j->base = JIT_SCRATCH;
}

// A branch to a label: condition and label, until it is put right. At most three for an instruction.
static inline void
jit_goto(struct jit *j, enum a32_cond cond, uint32_t label)
{
	*j->branches++ = j->next;
	*j->next++ = (uint32_t)cond << 28 | label;
}

// a32_imm(), but most of what cannot be said is not tried: what has bits too far from each other, however it is turned.
static inline uint32_t
jit_imm(uint32_t value)
{
	uint32_t turned = value << 16 | value >> 16;

	if (value < 256)
		return value;
	if (value >> (__builtin_ctz(value) & ~1) > 255 && turned >> (__builtin_ctz(turned) & ~1) > 255)
		return ~0u;
	return a32_imm(value);
}

void jit_constant(struct jit *j, unsigned rd, uint32_t value);		// rd = value: in one word or two, as the value is

// BPF's register r as one of the code's: itself; of r10 a copy in `scratch`. The second operand
// of an instruction, or what it stores: src, or imm in `scratch`. Which is JIT_SCRATCH, or
// JIT_FUEL where that one is in use: then jit_release() what you were given, before fuel is
// needed.
unsigned jit_frame(struct jit *j, unsigned scratch);			// BPF's r10; what the two need,
unsigned jit_immediate(struct jit *j, uint32_t value, unsigned scratch);	// and imm

static inline unsigned
jit_register(struct jit *j, unsigned r, unsigned scratch)
{
	return r < 10 ? r : jit_frame(j, scratch);
}

static inline unsigned
jit_operand(struct jit *j, const struct bpf_insn *i, unsigned scratch)
{
	uint8_t class = BPF_CLASS(i->opcode);

	if (class == BPF_STX || (class != BPF_ST && (i->opcode & BPF_X)))
		return jit_register(j, bpf_src(i), scratch);
	return jit_immediate(j, i->imm, scratch);
}

static inline void
jit_release(struct jit *j, unsigned operand)
{
	if (operand == JIT_FUEL)
		jit_emit(j, a32_memory(true, 4, JIT_FUEL, A32_SP, JIT_SPILL));
}

// JIT_SCRATCH = base + offset less the memory's address. It is less work where it is known how
// far JIT_SCRATCH is from there.
void jit_place(struct jit *j, unsigned base, int32_t offset);

// Where to go, on CS, from a comparison of JIT_SCRATCH with JIT_LIMIT, a label: an access of so
// many bytes does not fit, or does so only just, and then goes on behind that branch, which is
// to be emitted next.
static inline uint32_t
jit_outside(struct jit *j, unsigned bytes)
{
	if (bytes == 4)
		return JIT_FAULT;
	*j->tails++ = (struct jit_tail){ j->next + 1, bytes };
	return j->tail++;
}

void jit_stack(struct jit *j, const struct bpf_insn *i);		// an access through r10
void jit_call(struct jit *j, const struct bpf_insn *i);			// a helper, its fuel included
void jit_divide(struct jit *j, const struct bpf_insn *i);		// DIV and MOD
void jit_swap(struct jit *j, const struct bpf_insn *i);			// END

// Step 6.4, in compile.c: the code of one instruction. Called for each in turn, but for a MOV
// from register to register whose copy the next instruction changes at once: of BPF_ADD to
// BPF_XOR, the shifts, MUL and NEG the first operand is not in dst then, but in another register,
// and in j->first always.
void jit_instruction(struct jit *j, uint32_t number);
