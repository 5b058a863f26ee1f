// Sleeps behind a timer that has fired and is masked.
//
// file: lab1.c
// check banner: fail, hang

#include "hostile.h"

static inline void
timer(uint32_t ticks, uint32_t control)
{
	__asm__ volatile("mcr p15, 0, %0, c14, c2, 0\n\tmcr p15, 0, %1, c14, c2, 1\n\tisb" : : "r"(ticks), "r"(control));
}

static void
evil(void)
{
	timer(100, 3);
	for (;;)
		wfi();
}
