// Brings a weak report(), which the framework's replaces: it is a name of the framework's all the same.
//
// file: lab1.c
// check reset: fail, build error
// says: it defines report

#include "hostile.h"

static void
evil(void)
{
}

__attribute__((weak)) void report(const char *fmt, ...);
void
report(const char *fmt, ...)
{
	(void)fmt;
}
