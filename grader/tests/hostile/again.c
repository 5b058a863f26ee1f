// Starts itself again by a jump, for ever.
//
// file: lab1.c
// check banner: fail, reboot

#include "hostile.h"

static void
evil(void)
{
	__asm__ volatile("b _start");
}
