// Starts where a machine would that releases all its cores at once: core 1 is sent to the
// kernel's entry too, and gets its turn to run.

#include <exo/psci.h>

	.text

	.global	reset
	.type	reset, %function
reset:
	ldr	r0, =PSCI_CPU_ON
	mov	r1, #1				// MPIDR.Aff0 of core 1
	ldr	r2, =entry
	mov	r3, #0
	hvc	#0
	mov	r4, #200
1:	yield					// QEMU runs the cores in turn; this gives the turn away
	subs	r4, r4, #1
	bne	1b
	b	entry
	.size	reset, . - reset
