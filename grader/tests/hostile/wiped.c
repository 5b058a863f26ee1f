// Writes over all of RAM, itself included, with branches to themselves.
//
// file: lab1.c
// check banner: fail, hang

#include "hostile.h"

static void
evil(void)
{
	for (volatile uint32_t *p = p2v(BOARD_RAM_PA);; p++)
		*p = 0xeafffffe;
}
