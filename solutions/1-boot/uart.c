// The PL011 driver (exo/uart.h): each function looks at the flag register until the device is
// ready, then does one thing.

#include <exo/board.h>
#include <exo/error.h>
#include <exo/pl011.h>
#include <exo/todo.h>
#include <exo/uart.h>

// The device's base, for `*mmio(uart + UARTFR)`.
static physaddr_t uart;

void
uart_init(physaddr_t pa, uint32_t clock_hz)
{
	uart = pa;
	// BEGIN SOLUTION 1.4a
	// The line divides UARTCLK by 16 times a number with six fraction bits: clock / (16 * baud) * 64, rounded.
	uint32_t divisor = (clock_hz * 8 / 115200 + 1) / 2;

	uart_flush();
	*mmio(uart + UARTCR) = 0;
	*mmio(uart + UARTIMSC) = 0;
	*mmio(uart + UARTICR) = 0x7ff;
	*mmio(uart + UARTIBRD) = divisor >> 6;
	*mmio(uart + UARTFBRD) = divisor & 0x3f;
	*mmio(uart + UARTLCR_H) = UARTLCR_H_WLEN_8 | UARTLCR_H_FEN;
	*mmio(uart + UARTCR) = UARTCR_UARTEN | UARTCR_TXE | UARTCR_RXE;
	// INSTEAD
	//| // TODO 1.4: wait out what is being sent; off; mask and clear interrupts; the two divisors, then UARTLCR_H; on.
	//| (void)clock_hz;
	//| todo("1.4");
	// END SOLUTION
}

void
uart_putc(char c)
{
	// BEGIN SOLUTION 1.4b
	while (*mmio(uart + UARTFR) & UARTFR_TXFF)
		;
	*mmio(uart + UARTDR) = (uint8_t)c;
	// INSTEAD
	//| // TODO 1.4: wait until the transmit FIFO has room, then write c to the data register.
	//| (void)c;
	//| todo("1.4");
	// END SOLUTION
}

void
uart_flush(void)
{
	// BEGIN SOLUTION 1.4c
	while (*mmio(uart + UARTFR) & UARTFR_BUSY)
		;
	// INSTEAD
	//| // TODO 1.4: wait until the last character has left the wire.
	//| todo("1.4");
	// END SOLUTION
}

bool
uart_poll(void)
{
	// BEGIN SOLUTION 1.5a
	return !(*mmio(uart + UARTFR) & UARTFR_RXFE);
	// INSTEAD
	//| // TODO 1.5: whether the receive FIFO holds anything.
	//| todo("1.5");
	//| return false;
	// END SOLUTION
}

int
uart_getc(void)
{
	// BEGIN SOLUTION 1.5b
	while (!uart_poll())
		;

	uint32_t dr = *mmio(uart + UARTDR);	// reading takes it out of the FIFO: read once

	if (dr & (UARTDR_FE | UARTDR_PE | UARTDR_BE))
		return -E_IO;
	return dr & 0xff;
	// INSTEAD
	//| // TODO 1.5: wait for a character, read it once, look at its error bits.
	//| todo("1.5");
	//| return -E_IO;
	// END SOLUTION
}
