// Starts cores, also some that there are not, at code that prints.
//
// file: lab1.c
// check banner: pass

#include "hostile.h"

static void
evil(void)
{
	for (uint32_t core = 0; core < 4; core++) {
		register uint32_t r0 __asm__("r0") = PSCI_CPU_ON;
		register uint32_t r1 __asm__("r1") = core;
		register uint32_t r2 __asm__("r2") = (uint32_t)kmain;

		__asm__ volatile("hvc #0" : "+r"(r0), "+r"(r1), "+r"(r2) : : "r3", "memory");
	}
}
