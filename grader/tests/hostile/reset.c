// Resets the machine.
//
// file: lab1.c
// check banner: fail, reboot

#include "hostile.h"

static void
evil(void)
{
	psci(0x84000009);
}
