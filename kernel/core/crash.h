// The crash frame: what the crash vectors save, as crash.S writes it and crash.c reads it.
// Offsets in bytes.
#pragma once

#define CRASH_R8     32		// r8 to r12, sp and lr of the mode that was interrupted
#define CRASH_SP     52
#define CRASH_LR     56
#define CRASH_RETURN 60		// lr as the exception set it; in HYP mode ELR_hyp
#define CRASH_CPSR   64		// of the exception's mode
#define CRASH_SPSR   68		// what was interrupted
#define CRASH_VECTOR 72		// entry of the vector table, 0 to 7
#define CRASH_SIZE   80		// a multiple of 8

#ifndef __ASSEMBLER__

#include <exo/types.h>

struct crash {
	uint32_t r[13];
	uint32_t sp, lr, ret;
	uint32_t cpsr, spsr;
	uint32_t vector;
	uint32_t pad;
};

_Static_assert(offsetof(struct crash, r[8]) == CRASH_R8 &&
    offsetof(struct crash, sp) == CRASH_SP && offsetof(struct crash, lr) == CRASH_LR &&
    offsetof(struct crash, ret) == CRASH_RETURN && offsetof(struct crash, cpsr) == CRASH_CPSR &&
    offsetof(struct crash, spsr) == CRASH_SPSR && offsetof(struct crash, vector) == CRASH_VECTOR &&
    sizeof(struct crash) == CRASH_SIZE, "crash.S writes what crash.c reads");

void crash_report(const struct crash *c);

#endif
