// A constructor: nobody calls it, here.
//
// file: lab1.c
// check banner: pass

#include "hostile.h"

static bool ran;

__attribute__((constructor)) static void
before(void)
{
	ran = true;
}

static void
evil(void)
{
	if (ran)
		SAY("before\n");
}
