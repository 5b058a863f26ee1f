// Says that it came to a step that is not written yet: that is believed, and earns nothing.
//
// file: lab1.c
// check banner: fail, not attempted

#include "hostile.h"

static void
evil(void)
{
	SAY("\nTODO 1.1: not written yet (labs/1-boot, step 1.1)\n");
	psci(PSCI_SYSTEM_OFF);
}
