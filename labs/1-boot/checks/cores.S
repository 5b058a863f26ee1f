// Starts where a machine would that releases all its cores at once: cores 1 to 3 are sent to the
// kernel's entry too, and get their turns to run. Then an interrupt wakes core 1: it has to go back to
// sleep.

#include <exo/arm.h>
#include <exo/board.h>
#include <exo/psci.h>

	.text

	.global	reset
	.type	reset, %function
reset:
	mov	r5, #3
1:	ldr	r0, =PSCI_CPU_ON
	mov	r1, r5				// MPIDR.Aff0 of the core
	ldr	r2, =reset_other
	mov	r3, #0
	hvc	#0
	bl	others_run
	subs	r5, r5, #1
	bne	1b
	ldr	r0, =BOARD_GICD_PA
	mov	r1, #1
	str	r1, [r0]			// GICD_CTLR: on
	mov	r1, #3000			// a WFI is no wait while an interrupt is pending: a timer ends its turn
	mcr	p15, 0, r1, c14, c2, 0		// CNTP_TVAL
	mov	r1, #1
	mcr	p15, 0, r1, c14, c2, 1		// CNTP_CTL: on
	ldr	r1, =(1 << 17 | 1)
	str	r1, [r0, #0xf00]		// GICD_SGIR: interrupt 1 for core 1
	yield
	mov	r1, #0
	mcr	p15, 0, r1, c14, c2, 1		// CNTP_CTL: off
	str	r1, [r0]			// GICD_CTLR: off, and the interrupt is gone
	bl	others_run
	b	entry
	.size	reset, . - reset

// Interrupts get as far as the core's interface; masked in the CPSR, they wake it all the same.
reset_other:
	ldr	r0, =BOARD_GICC_PA
	mov	r1, #0xff
	str	r1, [r0, #4]			// GICC_PMR: every priority
	mov	r1, #1
	str	r1, [r0]			// GICC_CTLR: on
	b	entry

others_run:
	mov	r4, #200
1:	yield					// QEMU runs the cores in turn; this gives the turn away
	subs	r4, r4, #1
	bne	1b
	bx	lr
	.ltorg
