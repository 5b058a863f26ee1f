// Says in the check's name that the check is through, and switches off.
//
// file: lab1.c
// check reset: fail, wrong output
// says: the kernel speaks in the check's name

#include "hostile.h"

static void
evil(void)
{
	say_nonce();
	SAY("end\n");
	psci(PSCI_SYSTEM_OFF);
}
