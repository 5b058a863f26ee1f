// Brings the function by which some checks begin before the kernel does.
//
// file: lab1.c
// check reset: fail, build error
// says: it defines check_early

#include "hostile.h"

static void
evil(void)
{
}

void check_early(void);
void
check_early(void)
{
	psci(PSCI_SYSTEM_OFF);
}
