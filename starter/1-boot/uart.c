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
	// TODO 1.4: wait out what is being sent; off; mask and clear interrupts; the two divisors, then UARTLCR_H; on.
	(void)clock_hz;
	todo("1.4");
}

void
uart_putc(char c)
{
	// TODO 1.4: wait until the transmit FIFO has room, then write c to the data register.
	(void)c;
	todo("1.4");
}

void
uart_flush(void)
{
	// TODO 1.4: wait until the last character has left the wire.
	todo("1.4");
}

bool
uart_poll(void)
{
	// TODO 1.5: whether the receive FIFO holds anything.
	todo("1.5");
	return false;
}

int
uart_getc(void)
{
	// TODO 1.5: wait for a character, read it once, look at its error bits.
	todo("1.5");
	return -E_IO;
}
