// Prints the crash vectors' lines, of a crash at no address of its own.
//
// file: lab1.c
// check banner: fail, fault

#include "hostile.h"

static void
evil(void)
{
	SAY("\ncrash: data abort at pc 0xffffffff\ncrash: halted\n");
	psci(PSCI_SYSTEM_OFF);
}
