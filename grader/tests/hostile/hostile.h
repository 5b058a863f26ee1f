// What the hostile kernels share: lab 1's last file, as the solution has it, but for a console that calls
// evil() with the first character that a check prints behind the kernel's own first line
// (with AT_ONCE directly behind that line, so that checks which print nothing meet it too).
#pragma once

#include <exo/arm.h>
#include <exo/board.h>
#include <exo/boot.h>
#include <exo/console.h>
#include <exo/fdt.h>
#include <exo/params.h>
#include <exo/pl011.h>
#include <exo/printk.h>
#include <exo/psci.h>
#include <exo/register.h>
#include <exo/string.h>
#include <exo/uart.h>

static void evil(void);

#ifndef AT_ONCE
#define AT_ONCE 0
#endif

static void
evil_putc(char c)
{
	static unsigned behind;		// characters since that line, its end included

	if (behind > 0 && behind++ == 1 && !AT_ONCE)
		evil();
	uart_putc(c);
	if (c == '\n' && behind == 0) {
		behind = 1;
		if (AT_ONCE)
			evil();
	}
}

void
lab1_init(void)
{
	static const struct console evil_console = { evil_putc, uart_getc };

	uart_init(BOARD_UART_PA, BOARD_UART_CLOCK_HZ);
	console_register(&evil_console);
}

// Straight to the UART.
static inline void
send(const char *text, size_t n)
{
	while (n-- > 0)
		*mmio(BOARD_UART_PA + UARTDR) = (uint8_t)*text++;
}

#define SAY(text) send(text, sizeof(text) - 1)

// What stands before each line of the framework's: "[0123456789abcdef] ".
static inline void
say_nonce(void)
{
	char text[32];

	send(text, snprintk(text, sizeof(text), "[%016llx] ", params()->nonce));
}

static inline void
psci(uint32_t function)
{
	register uint32_t r0 __asm__("r0") = function;

	__asm__ volatile("hvc #0" : "+r"(r0) : : "r1", "r2", "r3", "memory");
}

// The function that kmain calls, as the n-th that it calls directly: 2 is report().
static inline void *
called_by_kmain(unsigned n)
{
	for (const int32_t *p = (const int32_t *)kmain;; p++)
		if ((uint32_t)*p >> 24 == 0xeb && n-- == 0)
			return (void *)((uintptr_t)p + 8 + ((*p << 8) >> 6));
}

// Vectors that go on behind whatever faulted. (A table of them, with room for each to be aligned.)
#define SWALLOW \
	__asm__(".text\n.balign 32\nswallow:\n" \
	    "nop\nmovs pc, lr\nmovs pc, lr\nmovs pc, lr\nsubs pc, lr, #4\nnop\nsubs pc, lr, #4\nsubs pc, lr, #4\n"); \
	extern uint32_t swallow[]
