// The PL011 UART's registers and flags, under the names of the ARM PrimeCell UART (PL011)
// Technical Reference Manual, DDI 0183G, chapter 3. Offsets are in bytes from the device's base;
// all registers are accessed as 32 bits.
#pragma once

#define UARTDR      0x000	// data (3.3.1): write to send; read to receive, with the error bits below
#define UARTDR_FE   (1 << 8)	//   framing error: no stop bit
#define UARTDR_PE   (1 << 9)	//   parity error
#define UARTDR_BE   (1 << 10)	//   break: the line was held low
#define UARTDR_OE   (1 << 11)	//   overrun: earlier characters were lost, this one is good

#define UARTFR      0x018	// flags (3.3.3)
#define UARTFR_BUSY (1 << 3)	//   a character is still being shifted out
#define UARTFR_RXFE (1 << 4)	//   receive FIFO empty
#define UARTFR_TXFF (1 << 5)	//   transmit FIFO full
#define UARTFR_RXFF (1 << 6)	//   receive FIFO full
#define UARTFR_TXFE (1 << 7)	//   transmit FIFO empty

#define UARTIBRD    0x024	// baud rate divisor, integer part (3.3.5)
#define UARTFBRD    0x028	// baud rate divisor, fraction in 64ths (3.3.6)

#define UARTLCR_H        0x02c	// line control (3.3.7); writing it is what latches the two divisors above
#define UARTLCR_H_PEN    (1 << 1)	//   parity: a bit behind the data bits, odd
#define UARTLCR_H_EPS    (1 << 2)	//   even, where there is one
#define UARTLCR_H_STP2   (1 << 3)	//   two stop bits
#define UARTLCR_H_FEN    (1 << 4)	//   FIFOs on, 16 deep (32 from r1p5 on); off, one character deep
#define UARTLCR_H_WLEN_8 (3 << 5)	//   eight data bits

#define UARTCR        0x030	// control (3.3.8); disable the UART and wait out BUSY before changing the line
#define UARTCR_UARTEN (1 << 0)	//   UART enable
#define UARTCR_TXE    (1 << 8)	//   transmit enable
#define UARTCR_RXE    (1 << 9)	//   receive enable

#define UARTIMSC 0x038		// interrupt mask (3.3.10): a set bit lets the interrupt through
#define UARTICR  0x044		// interrupt clear (3.3.13)
