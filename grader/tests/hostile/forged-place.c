// A panic in a file with a name that is none: a NUL, a folder, thousands of characters.
//
// file: lab1.c
// check banner: fail, panic

#include "hostile.h"

static void
evil(void)
{
	SAY("\npanic: grader:99999999999999999999: x\npanic: a\0b:1: x\npanic: ");
	for (int i = 0; i < 5000; i++)
		SAY("a/../");
	SAY(":1: x\n");
	psci(PSCI_SYSTEM_OFF);
}
