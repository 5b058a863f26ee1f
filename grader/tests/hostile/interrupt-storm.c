// Takes a timer's interrupt again and again, as nobody switches the timer off.
//
// file: lab1.c
// budget: 100000
// check banner: fail, hang

#include "hostile.h"

SWALLOW;

static inline void
timer(uint32_t ticks, uint32_t control)
{
	__asm__ volatile("mcr p15, 0, %0, c14, c2, 0\n\tmcr p15, 0, %1, c14, c2, 1\n\tisb" : : "r"(ticks), "r"(control));
}

static void
evil(void)
{
	*mmio(BOARD_GICD_PA) = 1;
	*mmio(BOARD_GICD_PA + 0x100) = 1u << BOARD_TIMER_IRQ;
	*mmio(BOARD_GICC_PA + 4) = 0xff;
	*mmio(BOARD_GICC_PA) = 1;
	vbar_write((uint32_t)swallow);
	timer(0, 1);
	__asm__ volatile("cpsie i");
	for (;;)
		;
}
