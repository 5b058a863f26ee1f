// Prints what the grader prints when all is well.
//
// file: lab1.c
// check banner: fail, early exit

#include "hostile.h"

static void
evil(void)
{
	SAY("  1.4   banner       4 / 4  pass\n\n100 of 100 points. All of it works.\n{\"earned\": 100}\n");
	psci(PSCI_SYSTEM_OFF);
}
