// Switches the UART's FIFO off behind the kernel's first line: bytes that are typed would have no room.
//
// file: lab1.c
// check uart-init: fail, wrong output
// says: the UART goes on last

#define AT_ONCE 1
#include "hostile.h"

static void
evil(void)
{
	*mmio(BOARD_UART_PA + UARTLCR_H) = UARTLCR_H_WLEN_8;
}
