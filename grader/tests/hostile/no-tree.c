// Writes over the device tree: the framework then switches off as the plain machine does.
//
// file: lab1.c
// check banner: pass

#include "hostile.h"

static void
evil(void)
{
	memset((void *)fdt(), 0xff, 4096);
}
