// Says that it came to a step that there is not.
//
// file: lab1.c
// check banner: fail, not attempted

#include "hostile.h"

static void
evil(void)
{
	SAY("\nTODO 999.999: not written yet (labs/../../etc, step 999.999)\n");
	psci(PSCI_SYSTEM_OFF);
}
