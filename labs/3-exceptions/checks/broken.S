// Faults of the kernel's own, with every register known: r0 to r11 from the table, r12 and sp the same. And
// what keeps what the crash vectors would find, and goes on behind broken_once().

#include <exo/arm.h>

	.text
	.global	broken_once
	.type	broken_once, %function
broken_once:					// (as broken; where to keep it)
	push	{r4-r11, lr}
	ldr	r12, =broken_keeps
	str	r3, [r12]
	str	sp, [r12, #4]
	.size	broken_once, . - broken_once

	.global	broken
	.type	broken, %function
broken:						// (which, in what mode, the words of r0 to r11)
	mov	r3, sp
	msr	spsr_cxsf, r1
	msr	cpsr_cf, r1
	mov	sp, r3
	mov	r12, r3
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

.macro keeps entry
tells_\entry:
	ldr	sp, =broken_keeps
	ldr	sp, [sp]
	stm	sp, {r0-r12}
	mov	r0, #(\entry + 1)
	b	1f
.endm

	.irp	entry, 0, 1, 2, 3, 4, 5, 6, 7
	keeps	\entry
	.endr
1:	mrs	r1, spsr
	mrs	r2, cpsr
	str	lr, [sp, #52]
	str	r1, [sp, #56]
	str	r2, [sp, #60]
	str	r0, [sp, #64]

	.global	broken_over
broken_over:
	cpsid	aif, #PSR_M_SVC
	ldr	r0, =broken_keeps
	ldr	sp, [r0, #4]
	pop	{r4-r11, pc}
	.ltorg

	.section .rodata
	.balign	4
	.global	broken_tells
broken_tells:
	.word	tells_0, tells_1, tells_2, tells_3, tells_4, tells_5, tells_6, tells_7

	.bss
	.balign	4
broken_keeps:
	.space	8				// where to, and sp in broken_once()
