// What the demo's programs have in common.
#pragma once

#include <libos/upcall.h>

// The demo's own system call, beside the kernel's: that pages have run short, which would take long to bring about.
#define SYS_SCARCE 40

// Part b's programs let part a's go first: all that these say is to be seen before any of part b is written.
static inline void
after_part_a(void)
{
	for (unsigned turns = 0; turns < 16; turns++)
		yield(0);
}
