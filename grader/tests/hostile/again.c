// Starts itself again by a jump, for ever.
//
// file: lab1.c
// budget: 300000
// check banner: fail, hang

#include "hostile.h"

static void
evil(void)
{
	__asm__ volatile("b _start");
}
