// Prints a report of its own between the check's, and goes on.
//
// file: lab1.c
// check reset: fail, wrong output
// says: the kernel speaks in the check's name

#include "hostile.h"

static void
evil(void)
{
	say_nonce();
	SAY("sent 0x5a\n");
}
