// An image of a gigabyte.
//
// file: lab1.c
// check reset: fail, build error
// says: did not come to an end

#include "hostile.h"

static void
evil(void)
{
}

__asm__(".data\n.fill 0x40000000, 1, 0x55\n.previous");
