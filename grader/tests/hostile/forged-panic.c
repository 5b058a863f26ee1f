// Panics in a file of the host's.
//
// file: lab1.c
// check banner: fail, panic
// never: root:x

#include "hostile.h"

static void
evil(void)
{
	SAY("\npanic: /etc/passwd:1: root\n");
	psci(PSCI_SYSTEM_OFF);
}
