// Prints reports in the check's name without end.
//
// file: lab1.c
// budget: 300000
// check reset: fail, wrong output
// says: the kernel speaks in the check's name

#include "hostile.h"

static void
evil(void)
{
	for (;;) {
		say_nonce();
		SAY("end\n");
	}
}
