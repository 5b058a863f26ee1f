// Writes over report(), so that it returns at once: nothing is reported any more.
//
// file: lab1.c
// check banner: fail, early exit

#include "hostile.h"

static void
evil(void)
{
	*(uint32_t *)called_by_kmain(2) = 0xe12fff1e;
}
