// Faults of the kernel's own, with every register known: r0 to r11 from the table, r12 and sp the same.

#include <exo/arm.h>

	.text
	.global	broken
	.type	broken, %function
broken:						// (which, the words of r0 to r11)
	mov	r12, sp
	mov	lr, #0
	cmp	r0, #1
	blt	1f
	beq	2f
	ldm	r1, {r0-r11}
	.global	broken_jump
broken_jump:
	bx	lr				// to page 0
1:	ldm	r1, {r0-r11}
	.global	broken_undefined
broken_undefined:
	udf	#0
2:	ldm	r1, {r0-r11}
	.global	broken_load
broken_load:
	ldr	r0, [lr, #0x123]		// lr is 0
	.size	broken, . - broken
