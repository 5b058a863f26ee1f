// Sleeps, and nothing will ever wake it.
//
// file: lab1.c
// check banner: fail, hang

#include "hostile.h"

static void
evil(void)
{
	for (;;)
		wfi();
}
