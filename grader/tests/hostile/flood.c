// Prints lines without end.
//
// file: lab1.c
// check banner: fail, wrong output
// says: did not stop

#include "hostile.h"

static void
evil(void)
{
	register volatile uint32_t *dr __asm__("r1") = mmio(BOARD_UART_PA + UARTDR);

	__asm__ volatile("mov r2, #65\n\tmov r3, #10\n"
	    "1:\tstr r2, [r1]\n\tstr r2, [r1]\n\tstr r3, [r1]\n\tb 1b" : : "r"(dr) : "r2", "r3");
}
