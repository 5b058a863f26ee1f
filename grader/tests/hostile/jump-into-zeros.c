// Jumps into memory that nobody wrote: zeros, which are instructions that do nothing.
//
// file: lab1.c
// check banner: fail, fault
// says: 256 words of zeros

#include "hostile.h"

static void
evil(void)
{
	((void (*)(void))p2v(0x42000000))();
}
