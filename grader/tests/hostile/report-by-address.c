// Finds report() by its address and calls it as a check would. Nothing tells such a call from a check's (TRUST.md says
// what stands against it): it is here so that nobody believes otherwise.
//
// file: lab1.c
// check banner: pass

#include "hostile.h"

static void
evil(void)
{
	((void (*)(const char *, ...))called_by_kmain(2))("sent 0x5a");
}
