// A vector that faults itself, for ever.
//
// file: lab1.c
// budget: 100000
// check banner: fail, hang

#include "hostile.h"

__asm__(".text\n.balign 32\nstormy:\n.rept 8\nudf #0\n.endr\n");

static void
evil(void)
{
	extern uint32_t stormy[];

	vbar_write((uint32_t)stormy);
	__asm__ volatile("udf #0");
}
