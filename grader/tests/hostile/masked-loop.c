// Spins with every exception masked.
//
// file: lab1.c
// budget: 500000
// check banner: fail, hang

#include "hostile.h"

static void
evil(void)
{
	__asm__ volatile("cpsid aif");
	for (;;)
		;
}
