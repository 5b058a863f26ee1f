// The compiler of packet filters: the trie (exo/dpf.h) as A32 code, and what is given to it.
//
// *Registers of the code*: r0 is the base of level 0, the frame; r1 its size; r2 what a test has loaded, r3 scratch;
// r12 the base of level 1. A classifier that is *general* keeps r4 to r6 and lr on the stack: r4 is the best filter
// found so far, its bits above its id, and r5 and r6 are the bases of levels 2 and 3. It is general when a filter has
// such a level, or when a filter may be found before one that constrains more bits has been tried.
//
// *Blocks*: code is made in blocks, each of which is moved to where there is room when it is complete. A label is a
// place in the block that is being made, or an address outside of it. What has not changed keeps its block.
#pragma once

#include <exo/a32.h>
#include <exo/dpf.h>

#define DPF_KEY     2
#define DPF_SCRATCH 3
#define DPF_BEST    4

static inline unsigned
dpf_base(unsigned level)
{
	static const uint8_t registers[DPF_LEVELS] = { 0, 12, 5, 6 };

	return registers[level];
}

typedef uint32_t dpf_label;

// What is known where code is made.
struct dpf_code {
	struct dpf_context context;
	dpf_label fail;		// where to go when this way leads nowhere
	unsigned level;		// of the last base that there is
	unsigned pending;	// comparisons made since the last branch on them: all of them held if EQ; 0: none
};

extern bool dpf_general;

// Given, in kernel/dpf/code.c.
void dpf_emit(uint32_t word);
dpf_label dpf_new_label(void);
dpf_label dpf_new_labels(uint32_t count);		// the first of so many, one behind the other
void dpf_place(dpf_label label);			// it is here
dpf_label dpf_address(uint32_t address);		// a label for what lies there
void dpf_branch(enum a32_cond cond, dpf_label to);
void dpf_constant(unsigned rd, uint32_t value);		// in one instruction or two; no flags
dpf_label dpf_return(void);				// where to go with nothing to say but what r4 has

// Given, in kernel/dpf/load.c. Compare a register with a constant; r3 may be lost, so it is another one that is compared.
void dpf_compare(enum a32_cond cond, unsigned rn, uint32_t value);

// r2 = the least aligned part of a cell's unit that has all of its mask; then that under the mask, with flags or
// without. dpf_has_mask(): it does not have all bits of that part. dpf_load() is both, without flags. r3 is lost.
void dpf_load_unit(const struct dpf_cell *cell);
bool dpf_has_mask(const struct dpf_cell *cell);
void dpf_mask(const struct dpf_cell *cell, enum a32_cond cond, bool flags);
void dpf_load(const struct dpf_cell *cell);

// What r2 is then if the test found this value; where in the unit that part begins, and how many bytes it has.
uint32_t dpf_key(const struct dpf_cell *cell, uint32_t value);
unsigned dpf_first(const struct dpf_cell *cell);
unsigned dpf_width(const struct dpf_cell *cell);

// r2 = a field, as a number, under its mask. r3 is lost.
void dpf_field(const struct dpf_cell *field);

// Given, in kernel/dpf/table.c and kernel/dpf/block.c. Go where the value of a test leads, by a table, or to c->fail;
// the code of a node that is one of several, here or in a block of its own. Nothing is pending.
void dpf_by_table(const struct dpf_code *c, struct dpf_test *t);
void dpf_behind(const struct dpf_code *c, struct dpf_node *n);

// Step 7.3, in compile.c. The code of a node that filters end in, or behind: from where it has been
// reached to a return, or to c->fail.
void dpf_node(const struct dpf_code *c, const struct dpf_node *n);

// Step 7.4, in values.c. Go where the value of a test leads that has several, or to c->fail. Nothing is pending.
void dpf_values(const struct dpf_code *c, struct dpf_test *t);

// r2 is loaded: go where the one of these nodes leads whose value it is, or to c->fail. They are in ascending
// order, and hardly ever more than four.
void dpf_among(const struct dpf_code *c, const struct dpf_cell *cell, struct dpf_node *const *nodes, uint32_t count);

// r2 is loaded: r3 = the slot of a table that it belongs to. A hash: (r2 * factor), `bits` of it from bit `position`
// on, and r2 stays. A table that jumps: the number as it stands in the frame, less `first`, and the flags are LO if
// that is below `slots`.
void dpf_slot(const struct dpf_cell *cell, const struct dpf_table *table);

// ---- More encoders, in kernel/dpf/encode.c.
static inline uint32_t
a32_when(enum a32_cond cond, uint32_t word)	// the same under a condition
{
	return (word & 0x0fffffff) | (uint32_t)cond << 28;
}

// ADD rd, rn, rm, LSL #by: 1 to 31
uint32_t a32_dp_shift(enum a32_op op, bool s, unsigned rd, unsigned rn, unsigned rm, enum a32_shift shift, unsigned by);
uint32_t a32_ubfx(unsigned rd, unsigned rn, unsigned from, unsigned bits);
uint32_t a32_bx(unsigned rm);
uint32_t a32_jump(unsigned rm);			// LDR pc, [pc, rm, LSL #2]: what lies that many words behind the next word but one
