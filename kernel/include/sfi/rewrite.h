// The rewriter of modules: assembly as GCC writes it comes in, assembly that the verifier accepts (exo/verify.h) goes
// out. It runs on the host and is trusted in nothing. Given (kernel/sfi/rewriter): parsing, literal pools, switch
// tables, and what is known of registers from instruction to instruction. Step 5.3, guard.c: what stands in the place
// of each instruction.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { R_PINS = 8, R_SHARED = 10, R_CODE = 9, R_SCRATCH = 12, SP = 13, LR = 14, PC = 15, NOT_ONE = -1 };

enum kind {
	COMPUTE,	// sets registers from registers; goes through as it is
	STACK,		// the same, but what it sets is sp: to rn plus imm, or plus or minus rm, shifted
	LOAD,		// one register, or two: rt tells the first
	STORE,
	LOAD_MANY,	// those of list; op says which way: "ldmia" for POP, "stmdb" for PUSH; with mode OFFSET rn stays
	STORE_MANY,
	BRANCH,		// to target: b
	CALL,		// bl
	JUMP,		// to what rm holds: bx, mov pc
	CALL_TO,	// blx
	TRAP,		// the compiler's word for what must not be reached; guard() is not asked
};

enum mode { OFFSET, PRE, POST };	// [rn, #4]   [rn, #4]!   [rn], #4

// One instruction. Conditions are apart: "ldrbne" is op "ldrb", cond "ne". Registers are numbers, NOT_ONE where there
// is none.
struct insn {
	enum kind kind;
	unsigned line;			// of the input
	const char *text;		// as the compiler wrote it
	char op[12], cond[4];
	uint32_t writes;		// registers it sets, a writeback's not among them; for a call, what it may set
	int rd, rn, rm;			// of "add rd, rn, rm"; rn is the base of an access, rm its index
	int rt;				// what is loaded or stored
	char data[16];			// the same, in words: "r3", or "r2, r3"
	uint32_t list;			// or bits of registers
	char shift[12];			// of rm: "", or "lsl #2"
	bool minus;			// rm is subtracted
	int imm;			// of an access, signed; of LOAD_MANY and STORE_MANY, what a writeback adds
	int range;			// how far its immediate reaches: 4095, 255 or, where there is none, 0
	enum mode mode;
	const char *target;
	const char *extra;		// of a computation with an immediate that is a symbol's: "#:lower16:name"
	bool has_imm;			// imm is the last operand of a computation
};

// What is known of a word: it is what `id` names (a number nobody knows, but always the same) plus an offset.
struct value {
	int id;
	int32_t offset;
};

#define UNKNOWN ((struct value){ 0, 0 })	// equal to nothing, itself included

// What is known before an instruction, by whatever way it is reached.
struct state {
	struct value reg[16];
	struct value r10;		// r10 is this value's address in the data segment; UNKNOWN: any
};

// Whether a and b differ by a number that is known: *distance is a - b.
bool values_near(struct value a, struct value b, int32_t *distance);

// What `base + index` would be, shifted and subtracted as instruction i says.
struct value value_indexed(const struct insn *i, const struct state *s);

// A register that holds v, NOT_ONE if none does.
int register_with(struct value v, const struct state *s);

extern bool pins;		// --pins: r8 holds the address of the pins, and what lies there is accessed as it is

const char *reg_name(int reg);
const char *list_name(uint32_t list);		// "{r4, r5, lr}"; good until the next call

// Whether a computation's immediate can be n: eight bits, turned by an even number.
bool is_immediate(uint32_t n);

// Write an instruction. The line need not be indented.
void emit(const char *format, ...) __attribute__((format(printf, 1, 2)));

// End: this instruction cannot be made safe. One line, with the file's name and the instruction's line.
void refuse(const struct insn *i, const char *why) __attribute__((noreturn, format(printf, 2, 0)));

// Step 5.3. Write what does the same as instruction i and is accepted. s is what is known before; guard() keeps s->r10
// true, which calls make UNKNOWN, and whatever else changes r10. What becomes of s->reg, the caller sees to, but for
// r12's: that is anybody's between two instructions, and whoever leaves a value there says so. (A loop may have lent sp
// to a pointer, with r12 keeping what it was; where guard() writes r12 in such a loop, none is lent.) What is loaded
// into pc is a jump, and nothing but that may be lost.
void guard(const struct insn *i, struct state *s);

// r10 := the address in the data segment of what register reg holds.
void guard_data(int reg, struct state *s);
