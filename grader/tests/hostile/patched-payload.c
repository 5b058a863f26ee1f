// Writes over the check's own code.
//
// file: lab1.c
// check banner: fail, fault

#include "hostile.h"

static void
evil(void)
{
	memset(called_by_kmain(1), 0xff, 64);
}
