// Ends as the check would, under a nonce that it guesses.
//
// file: lab1.c
// check banner: fail, early exit

#include "hostile.h"

static void
evil(void)
{
	SAY("[0000000000000000] end\n");
	psci(PSCI_SYSTEM_OFF);
}
