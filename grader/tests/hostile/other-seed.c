// Changes the seed while the check runs, which has read it already; and with it nothing.
//
// file: lab1.c
// check banner: pass

#include "hostile.h"

static void
evil(void)
{
	((struct params *)params())->seed = 0;
}
