// The student's driver on a UART that is plain memory, so that its flags stand still as no real
// device's would: what the driver does while a FIFO is full, or empty, or a character is
// damaged. The parameter block's input names the case. Before any lab's initialisation, as with the MMU
// on no plain memory is where mmio() looks for a device.

#include <exo/board.h>
#include <exo/check.h>
#include <exo/pl011.h>
#include <exo/power.h>
#include <exo/string.h>
#include <exo/uart.h>

uint32_t fake_uart[1024] __attribute__((aligned(4096)));

#define REG(offset) (*(volatile uint32_t *)&fake_uart[(offset) / 4])

// In so many instructions every flag will be clear: fake.S sees to it when the timer fires.
void fake_later(uint32_t instructions);

// Received characters with each of the error bits, and the good one in a bad time.
static void
receive(uint32_t dr)
{
	REG(UARTDR) = dr;
	report("received 0x%x %d", dr, uart_getc());
}

void
check_early(void)
{
	uint8_t what = params()->input[0];
	uint8_t byte = params()->input[1];

	memset(fake_uart, 0x5a, sizeof(fake_uart));
	REG(UARTFR) = UARTFR_TXFE | UARTFR_RXFE | (what == 'I' ? UARTFR_BUSY : 0);
	uart_init(v2p(fake_uart), what == 'i' ? 48000000 : BOARD_UART_CLOCK_HZ);
	REG(UARTDR) = 0xdeadbeef;
	report("ready");

	switch (what) {
	case 'i':		// another clock
		report("divisors %d %d", REG(UARTIBRD), REG(UARTFBRD));
		report("line 0x%x, control 0x%x", REG(UARTLCR_H), REG(UARTCR));
		report("masked 0x%x, cleared 0x%x", REG(UARTIMSC), REG(UARTICR) & 0x7ff);
		break;
	case 'I':		// still sending when it is to be initialised
		break;
	case 's':		// room, though the line is busy: one byte is sent
		REG(UARTFR) = UARTFR_BUSY | UARTFR_RXFE;
		uart_putc(byte);
		report("sent 0x%x", REG(UARTDR));
		break;
	case 'f':		// transmit FIFO full for ever
		REG(UARTFR) = UARTFR_TXFF | UARTFR_BUSY | UARTFR_RXFE;
		uart_putc(byte);
		break;
	case 'b':		// the last character never leaves the wire
		REG(UARTFR) = UARTFR_TXFE | UARTFR_BUSY | UARTFR_RXFE;
		uart_flush();
		break;
	case 't':		// the transmitter's waits come to an end
		REG(UARTFR) = UARTFR_TXFF | UARTFR_BUSY | UARTFR_RXFE;
		fake_later(3000);
		uart_putc(byte);
		report("sent 0x%x", REG(UARTDR));
		REG(UARTFR) = UARTFR_BUSY;
		fake_later(3000);
		uart_flush();
		report("flushed 0x%x", REG(UARTFR) & 0xff);
		break;
	case 'g':		// the receiver's wait comes to an end
		REG(UARTFR) = UARTFR_RXFE | UARTFR_TXFF | UARTFR_BUSY;
		report("poll %d", uart_poll());
		fake_later(3000);
		report("received 0x%x %d", REG(UARTDR), uart_getc());
		break;
	case 'p':		// the last character never leaves the wire, and the power is to go off
		REG(UARTFR) = UARTFR_BUSY | UARTFR_RXFE;
		power_off();
	case 'e':		// nothing arrives
		report("poll %d", uart_poll());
		uart_getc();
		break;
	case 'r':		// characters arrive, some of them damaged
		REG(UARTFR) = UARTFR_TXFE;
		report("poll %d", uart_poll());
		receive(byte);
		receive(byte | UARTDR_OE);
		receive(byte | UARTDR_FE);
		receive(byte | UARTDR_PE);
		receive(UARTDR_BE);
		break;
	}
	report("end");
	run_end();
}

void
check_main(void)
{
}
