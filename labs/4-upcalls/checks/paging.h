// What checks/paging.c and its program say to each other, by two system calls of the check's own.
#pragma once

#include <exo/types.h>

#define SYS_NEXT    40		// (who, result, value, op): how the last step went; what to do now, a NEXT_
#define SYS_TRAPPED 41		// (address, write): the trap handler was called; what it is to do, a DO_

#define WHO_MAX 8

enum { NEXT_DONE, NEXT_STEP, NEXT_YIELD };

// Nibbles of a step's `acts`, one for each call of the trap handler. From DO_PROT1 on: prot1() with the rest.
enum { DO_UNPROT, DO_NOTHING, DO_SKIP, DO_PROT1 = 8 };

enum {
	STEP_BEGIN, STEP_END,		// region_begin(a, b, c), region_end(a, b); for SAVE_VA: of a page that is pinned
	STEP_ACCESS,			// at b by instruction a, or as code at a; registers of c
	STEP_FILL,			// the page at a with words of c
	STEP_PROT1, STEP_PROTN, STEP_UNPROT, STEP_UNPROTN, STEP_CLEAN, STEP_DIRTY,
	STEP_TRAP,			// on_trap(), with a handler for a = 1
	STEP_FORK,			// the child is called a
	STEP_WAIT,			// for a, whose name is b
	STEP_EXIT,
	STEP_UNMAP,			// behind the libOS's back
	STEP_PAGE,			// page operation b at a, for which no page is left; of what c is mapped to, or translates
	STEP_HOARD,			// the kernel's: a pages are left, or all are there again for ~0
	STEP_FILL_UP,			// the kernel's: no environment is left, or all are there again for ~0
	STEP_LOOK,			// the kernel's: what is in the pages
	STEP_INVERTED			// the kernel's: programs that begin from now on have the inverted table
};

struct step {
	uint32_t who, what, a, b, c, acts;
};
