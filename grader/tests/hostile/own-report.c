// Brings a report() of its own.
//
// file: lab1.c
// check reset: fail, build error
// says: report

#include "hostile.h"

static void
evil(void)
{
}

void report(const char *fmt, ...);
void
report(const char *fmt, ...)
{
	(void)fmt;
}
