// Calls report(), as if it were a check.
//
// file: lab1.c
// check reset: fail, build error
// says: it uses report

#include "hostile.h"

void report(const char *fmt, ...);

static void
evil(void)
{
	report("sent 0x5a");
}
