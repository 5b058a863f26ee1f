// Turns the byte order of data around.
//
// file: lab1.c
// check banner: fail, *

#include "hostile.h"

static void
evil(void)
{
	__asm__ volatile("setend be");
}
