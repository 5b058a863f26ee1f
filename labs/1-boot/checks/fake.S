// Changes the fake UART's flags behind the driver's back, as a device does: the timer's interrupt clears all of them, so that whoever waits for one and looks
// again goes on. It has vectors and a GIC of its own, as this lab's kernel has none yet, and uses no stack.

#include <exo/arm.h>
#include <exo/board.h>

	.text

// fake_later(r0): interrupt in r0 ticks of the timer, which are instructions.
	.global	fake_later
	.type	fake_later, %function
fake_later:
	ldr	r1, =vectors
	mcr	p15, 0, r1, c12, c0, 0		// VBAR
	ldr	r1, =BOARD_GICD_PA
	mov	r2, #1
	str	r2, [r1]			// GICD_CTLR: on
	mov	r3, #(1 << BOARD_TIMER_IRQ)
	str	r3, [r1, #0x100]		// GICD_ISENABLER0
	ldr	r1, =BOARD_GICC_PA
	mov	r3, #0xff
	str	r3, [r1, #4]			// GICC_PMR: every priority
	str	r2, [r1]			// GICC_CTLR: on
	mcr	p15, 0, r0, c14, c2, 0		// CNTP_TVAL
	mcr	p15, 0, r2, c14, c2, 1		// CNTP_CTL: on
	isb
	cpsie	i
	bx	lr
	.size	fake_later, . - fake_later

	.balign	32
vectors:
	.rept	6
	b	.				// nothing else is expected; the budget ends it
	.endr
	// IRQ. The page's address has none of the flags' bits, so that storing it clears them; nor CNTP_CTL's bit 0, so that
	// it switches the timer off, and the interrupt with it.
	ldr	sp, =fake_uart
	str	sp, [sp, #0x18]			// UARTFR
	mcr	p15, 0, sp, c14, c2, 1		// CNTP_CTL: off
	subs	pc, lr, #4
	.ltorg
