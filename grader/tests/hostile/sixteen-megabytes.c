// As large an image as may be, with every check.
//
// file: lab1.c
// check banner: pass

#include "hostile.h"

static void
evil(void)
{
}

__asm__(".data\n.fill 0x1000000, 1, 0x55\n.previous");
