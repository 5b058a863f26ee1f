// Which accesses of a program need no check, as what the code has come through says already that they are in the memory
// (ranges.c); and loops whose checks are done before them.
//
// Such a loop is compiled twice: as it is, behind a guard and with what that proves; and as a copy behind the program's
// code, with all its checks, where the guard leads if it fails. Both leave it for the same places, with the same fuel
// taken.
#pragma once

#include <exo/jit.h>

#define RANGES_LOOPS 64				// of a program, at most
#define JIT_COPY     (JIT_TAILS + 2 * BPF_INSNS_MAX)	// labels: where the copy of each begins

struct range_loop {
	uint32_t first, last;			// instructions: `last` jumps back to `first`
	unsigned pointer, end;			// if pointer != end or pointer < end,
	uint32_t by;				// and has gone on by so many bytes, a power of two
	unsigned masked;			// a register that is to be at most
	uint32_t most;				// this when the loop begins; ~0: none
};

// Before a program is compiled: find them. Not at the same time for two.
void ranges_find(const struct bpf_insn *insns, uint32_t count);

// The loop that begins with instruction n; null: none that is there twice. Each of them in turn, by *next, from 0 on.
const struct range_loop *ranges_loop(uint32_t n);
const struct range_loop *ranges_next(uint32_t *next);

// Emit its guard.
void ranges_guard(struct jit *j, const struct range_loop *loop);

// What is emitted from now on is its copy; null: none. The two below answer for that.
void ranges_copy(const struct range_loop *loop);

// Whether an access through a register but r10 needs no check. The label of instruction `to`, to which one jumps.
bool ranges_inside(const struct jit *j, const struct bpf_insn *i);
uint32_t ranges_target(uint32_t to);
