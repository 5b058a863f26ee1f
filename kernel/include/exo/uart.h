// The UART driver: lab 1's contract, steps 1.4 and 1.5. A PL011 (exo/pl011.h), polled, one user
// at a time.
#pragma once

#include <exo/types.h>

// Make the PL011 at physical address pa ready and use it from now on: 115200 baud from a UARTCLK
// of clock_hz, eight data bits, no parity, one stop bit, FIFOs on, every interrupt masked and
// cleared, transmitter and receiver on. What it was still sending is waited for first (DDI
// 0183G, 3.3.8).
void uart_init(physaddr_t pa, uint32_t clock_hz);

// Send c; waits while the transmit FIFO is full. Nothing is translated.
void uart_putc(char c);

// Wait until everything sent has left the wire.
void uart_flush(void);

// Whether a byte has arrived.
bool uart_poll(void);

// Wait for a byte and return it, 0 to 255; -E_IO if it arrived with a framing, parity or break
// error. A byte that arrived after an overrun is a good byte.
int uart_getc(void);
