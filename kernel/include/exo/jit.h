// The compiler from BPF (exo/bpf.h) to A32: one function for each program, which does what the interpreter does. Two
// passes over the program: the first only counts words, so that the second knows where everything will be. Compiles in the kernel
// and on the host.
//
// *Registers of the code*: r0 to r9 are BPF's. r10 is the memory's address; r11 its size less 3, so that an access of any size that begins
// below it is in the memory; r12 the fuel that is left; lr is scratch, and for a moment r12, too, kept at JIT_SPILL. BPF's r10 is sp + BPF_STACK.
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

struct jit {
	const struct bpf_insn *insns;
	uint32_t count;
	const struct bpf_helper *helpers;
	uint32_t *code;			// null in the first pass
	uint32_t words;			// emitted so far
	uint32_t *at;			// where each instruction's code begins, in words: right in the second pass
	uint32_t exit, fault, no_fuel;	// where to go: r0 is BPF's and the program is done; lr is an address less the memory's, and is not in
					// it; a unit was not there. Right in the second pass
	struct jit_tail *tails;
	uint32_t tail_count, tail_at;	// of the second pass: where the first one's code begins
};

// A branch out of the straight way, to be emitted behind it: an access of fewer than 4 bytes near the memory's end.
struct jit_tail {
	uint32_t back;			// where it goes on
	uint32_t bytes;
};

#define JIT_TAIL_WORDS 5

typedef enum bpf_end jit_function(struct bpf_context *context, uint32_t *result);

// Given, in kernel/jit/jit.c. Compile a program that the verifier accepts into at most `capacity` words at `code`; how many, or
// -E_NOMEM. The code runs where it is copied to, too. Not at the same time for two.
int32_t jit_compile(const struct bpf_insn *insns, uint32_t count, const struct bpf_helper *helpers, uint32_t *code, uint32_t capacity);

void jit_emit(struct jit *j, uint32_t word);
void jit_constant(struct jit *j, unsigned rd, uint32_t value);		// rd = value: in one word or two, as the value is
void jit_branch(struct jit *j, enum a32_cond cond, uint32_t to);	// to that word of the code

// BPF's register r as one of the code's: itself; of r10 a copy in `scratch`. The second operand of an instruction, or what it stores: src, or
// imm in `scratch`. Which is JIT_SCRATCH, or JIT_FUEL where that one is in use: then jit_release() what you were given, before fuel is needed.
unsigned jit_register(struct jit *j, unsigned r, unsigned scratch);
unsigned jit_operand(struct jit *j, const struct bpf_insn *i, unsigned scratch);
void jit_release(struct jit *j, unsigned operand);

// Where to go, on CS, from a comparison of JIT_SCRATCH with JIT_LIMIT: an access of so many bytes does not fit, or does so only just, and then
// goes on at word `back`.
uint32_t jit_outside(struct jit *j, uint32_t back, unsigned bytes);

void jit_stack(struct jit *j, const struct bpf_insn *i);		// an access through r10
void jit_call(struct jit *j, const struct bpf_insn *i);			// a helper, its fuel included
void jit_divide(struct jit *j, const struct bpf_insn *i);		// DIV and MOD
void jit_swap(struct jit *j, const struct bpf_insn *i);			// END

// Step 6.4, in compile.c: the code of one instruction. Called for each in turn, twice; how many words are emitted
// must not depend on j->code, j->at, or where things are.
void jit_instruction(struct jit *j, uint32_t number);
