// The parameter block: what the grader gives a run. It lies at BOARD_PARAMS_PA before the first
// instruction, and is not part of the image, so one kernel serves every seed. Outside the grader
// there is none, and all of it reads as zero. Included by C and by assembly.
#pragma once

#define PARAMS_MAGIC 0x504f5845	// "EXOP", little-endian
#define PARAMS_MAX   0x10000		// bytes, input included
#define PARAMS_INPUT 48			// where the input begins, in bytes from the block's start

#ifndef __ASSEMBLER__

#include <exo/types.h>

struct params {
	uint32_t magic;
	uint32_t size;		// of the whole block in bytes, input included
	uint64_t nonce;		// stands before each line that the framework reports
	uint64_t seed;		// what a check draws its inputs from
	uint8_t key[16];	// the boot key, under which lab 2 makes capabilities
	uint32_t input_size;	// bytes of input
	uint32_t zero;
	uint8_t input[];
};

_Static_assert(offsetof(struct params, input) == PARAMS_INPUT, "the grader and assembly count on it");

// The block of this run; never null.
const struct params *params(void);

// The next number from *state, which starts as the seed: splitmix64 (Steele, Lea and Flood,
// OOPSLA 2014, figure 17).
uint64_t random64(uint64_t *state);

#endif
