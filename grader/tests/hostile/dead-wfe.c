// Waits for an event that nobody sends.
//
// file: lab1.c
// budget: 300000
// check banner: fail, hang

#include "hostile.h"

static void
evil(void)
{
	for (;;)
		__asm__ volatile("wfe");
}
