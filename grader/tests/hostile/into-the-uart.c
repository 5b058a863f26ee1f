// Jumps into a device.
//
// file: lab1.c
// check banner: fail, fault

#include "hostile.h"

static void
evil(void)
{
	((void (*)(void))BOARD_UART_PA)();
}
