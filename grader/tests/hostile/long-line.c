// One line of a hundred thousand characters.
//
// file: lab1.c
// check banner: fail, wrong output

#include "hostile.h"

static void
evil(void)
{
	for (int i = 0; i < 100000; i++)
		*mmio(BOARD_UART_PA + UARTDR) = 'x';
}
