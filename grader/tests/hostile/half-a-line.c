// Switches off in the middle of a line.
//
// file: lab1.c
// check banner: fail, early exit

#include "hostile.h"

static void
evil(void)
{
	SAY("0: 12");
	psci(PSCI_SYSTEM_OFF);
}
