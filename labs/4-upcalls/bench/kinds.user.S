// A fault of each kind, and handlers that do as little as can be: go on behind it.

#include <exo/mmu.h>
#include <libos/upcall.h>

#include "slots.h"

// The instruction faults, and goes on behind itself: r9. What it faults with is r0.
.macro kind name, instruction:vararg
	.balign	16
\name:	nop
	add	r9, pc, #0			// pc is two instructions ahead: the bx
	\instruction
	bx	lr
.endm

	slots	2
	kind	write, str r0, [r0]
	kind	translation, ldr r0, [r0]
	kind	alignment, ldm r0, {r0-r1}
	kind	undefined, udf 0
	kind	prefetch, bx r0

	.balign	16				// the sixth: handlers, from their first instruction to the branch
	.global	handler, handler_write
handler:
	mov	r0, #USER_TOP
	str	r9, [r0, #-4]
	b	resume_exception
	nop
handler_write:
	mov	r0, #USER_TOP
	str	r9, [r0, #-4]
	b	resume_exception
	slots_end

	.text
	.global	kinds
	.type	kinds, %function
kinds:	push	{r4-r11, lr}
	mov	r4, #8
1:	mov	r0, #0x10000
	bl	write
	mov	r0, #0x1000
	bl	translation
	mov	r0, #0x10000
	orr	r0, r0, #2
	bl	alignment
	bl	undefined
	mov	r0, #0x1000
	bl	prefetch
	subs	r4, r4, #1
	bne	1b
	pop	{r4-r11, pc}
	.size	kinds, . - kinds
