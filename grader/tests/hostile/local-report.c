// A report() that nobody else sees. Which is meant where a report() is counted is no question.
//
// file: lab1.c
// check banner: pass

#include "hostile.h"

static void
report(void)
{
	__asm__ volatile("");
}

static void
evil(void)
{
	report();
}
