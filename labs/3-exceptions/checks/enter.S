// Vectors that know of a system call alone, and tell all that they find; and user_enter() called so that
// it shows what it kept.

#include <exo/arm.h>

	.text
	.balign	32
	.global	enter_vectors
enter_vectors:
	b	crash_vectors
	b	crash_vectors + 4
	b	1f
	b	crash_vectors + 12
	b	crash_vectors + 16
	b	crash_vectors + 20
	b	crash_vectors + 24
	b	crash_vectors + 28
1:	mcr	p15, 0, sp, c13, c0, 4		// TPIDRPRW
	ldr	sp, =enter_seen
	stm	sp, {r0-r12}
	mrs	r1, spsr
	str	lr, [sp, #60]
	str	r1, [sp, #64]
	add	r0, sp, #52
	cps	#PSR_M_SYS
	stm	r0, {sp, lr}
	cpsid	aif, #PSR_M_SVC			// as all of the kernel's C
	mrc	p15, 0, sp, c13, c0, 4
	ldr	r4, =0xdead0004			// nothing of the application's is worth keeping
	mov	r5, r4
	mov	r6, r4
	mov	r7, r4
	mov	r8, r4
	mov	r9, r4
	mov	r10, r4
	mov	r11, #0
	mov	r0, sp
	bl	enter_svc
	ldr	r1, =enter_depth
	ldr	r1, [r1]
	sub	sp, sp, r1
	bl	user_leave

	.global	enter_told
	.type	enter_told, %function
enter_told:
	push	{r4-r11, lr}
	sub	sp, sp, #4
	ldr	r4, =0x44aa1101
	ldr	r5, =0x55aa1102
	ldr	r6, =0x66aa1104
	ldr	r7, =0x77aa1108
	ldr	r8, =0x88aa1110
	ldr	r9, =0x99aa1120
	ldr	r10, =0xaaaa1140
	ldr	r11, =0xbbaa1180
	stm	r1!, {r4-r11}
	str	sp, [r1], #4
	mrs	r2, cpsr
	str	r2, [r1], #4
	ldr	r2, =enter_telling
	str	r1, [r2]
	bl	user_enter
	ldr	r2, =enter_telling
	ldr	r1, [r2]
	stm	r1!, {r4-r11}
	str	sp, [r1]
	mrs	r2, cpsr
	str	r2, [r1, #4]
	str	r0, [r1, #8]
	ldr	sp, [r1, #-40]			// as it was
	add	sp, sp, #4
	pop	{r4-r11, pc}
	.size	enter_told, . - enter_told
	.ltorg

	.bss
	.balign	4
	.global	enter_seen
enter_seen:
	.space	17 * 4				// r0 to r12, User's sp and lr, where it goes on, SPSR
enter_telling:
	.space	4
