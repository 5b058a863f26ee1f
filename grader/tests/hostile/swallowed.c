// Its vectors swallow each fault; it makes some and goes on. That is its right: no lab says that it may not.
//
// file: lab1.c
// check banner: pass

#include "hostile.h"

SWALLOW;

static void
evil(void)
{
	vbar_write((uint32_t)swallow);
	__asm__ volatile("udf #0\n\tsvc #0\n\tudf #1" : : : "lr", "memory");
	(void)*(volatile uint32_t *)0xfffffff0;
}
