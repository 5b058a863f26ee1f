// Faults of the kernel's own, with every register known: r0 to r11 from the table, r12 and sp the same.

#include <exo/arm.h>

	.text
	.global	broken
	.type	broken, %function
broken:						// (which, in what mode, the words of r0 to r11)
	mov	r12, sp
	msr	spsr_cxsf, r1
	msr	cpsr_c, r1
	mov	sp, r12
	mov	lr, #0
	add	pc, pc, r0, lsl #3
	nop
	ldm	r2, {r0-r11}
	.global	broken_undefined
broken_undefined:
	udf	#0
	ldm	r2, {r0-r11}
	.global	broken_load
broken_load:
	ldr	r0, [lr, #0x123]		// lr is 0
	ldm	r2, {r0-r11}
	bx	lr				// to page 0
	ldm	r2, {r0-r11}
	b	trap_vectors
	ldm	r2, {r0-r11}
	b	trap_vectors + 4 * 5
	.size	broken, . - broken
