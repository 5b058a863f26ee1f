// Begins a line in the check's name, so that the check's next report becomes its end.
//
// file: lab1.c
// check reset: fail, wrong output
// says: the kernel speaks in the check's name

#include "hostile.h"

static void
evil(void)
{
	SAY("\n");
	say_nonce();
	SAY("sent 0x5a ");
}
