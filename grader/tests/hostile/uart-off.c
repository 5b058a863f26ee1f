// Switches the UART off, so that nothing can be said any more, and spins.
//
// file: lab1.c
// check banner: fail, hang

#include "hostile.h"

static void
evil(void)
{
	*mmio(BOARD_UART_PA + UARTCR) = 0;
	for (;;)
		;
}
