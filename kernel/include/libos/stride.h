// A stride scheduler as an application (Waldspurger and Weihl; SOSP '95, section 7.3 and figure 3): step 4.10. An
// environment that owns slices shares them out among others, which own none, by yielding each to one of them. The
// kernel knows nothing of it.
//
// Each child has tickets, and a pass that grows by STRIDE_ONE / tickets with each slice it is given; the lowest pass is
// next, of equal ones the first place in stride_children (a new child takes the first that is free). One that is added
// begins with the lowest pass of those that are there (0: nobody is).
#pragma once

#include <exo/types.h>

#define STRIDE_CHILDREN 16
#define STRIDE_ONE      (1 << 20)

struct stride_child {
	uint32_t env;		// 0: the place is free
	uint32_t tickets;
	uint32_t pass;		// compared by its difference, which stays below 2^31
	uint32_t slices;	// how many it has been given
};

extern struct stride_child stride_children[STRIDE_CHILDREN];

// Add a child with 1 to STRIDE_ONE tickets. -E_INVAL: so many it cannot have; -E_NOMEM: no place is free.
int stride_add(uint32_t env, uint32_t tickets);

// Give what is left of this slice to whose turn it is, and return at the beginning of our next one: 0. Who has ended is
// removed, and the next one gets its turn. -E_NOENT: there are no children, and nothing was given up.
int stride_run(void);
