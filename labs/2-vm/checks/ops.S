// The probes of probe.h: each leaves by its own end or by a vector. While there is none, probe_sp is
// zero, and an exception is the kernel's own: it goes to the vectors that were there before.

#include <exo/arm.h>

	.text

.macro vector offset, status
	ldr	sp, =probe_sp
	ldr	sp, [sp]
	cmp	sp, #0
	ldreq	sp, =probe_before
	ldreq	sp, [sp]
	addeq	sp, sp, #\offset
	moveq	pc, sp
	\status
	b	probe_over
.endm

	.balign	32
probe_vectors:
	b	.
	b	1f
	b	2f
	b	3f
	b	4f
	b	.
	b	.
	b	.
1:	vector	4, "mov r0, #(1 << 17)"
2:	vector	8, "cmp r0, r0; mov r0, #0"
3:	vector	12, "mrc p15, 0, r0, c5, c0, 1"		// IFSR
4:	vector	16, "mrc p15, 0, r0, c5, c0, 0"		// DFSR

probe_over:
	orrne	r0, r0, #(1 << 16)			// a fault: the flags are those of `cmp sp, #0`
	cps	#PSR_M_SVC
	ldr	r2, =probe_sp
	ldr	sp, [r2]
	mov	r1, #0
	str	r1, [r2]
	pop	{r4-r11, pc}

.macro probe name
	.global	probe_\name
	.type	probe_\name, %function
probe_\name:
	push	{r4-r11, lr}
	ldr	r12, =probe_sp
	str	sp, [r12]
.endm

	probe	read
	ldrt	r2, [r0]
	str	r2, [r1]
	b	probe_through
	.size	probe_read, . - probe_read

	probe	write
	strt	r1, [r0]
	b	probe_through
	.size	probe_write, . - probe_write

	probe	exec
	mov	r1, #(PSR_M_USR | PSR_A | PSR_I | PSR_F)
	msr	spsr_cxsf, r1
	movs	pc, r0
	.size	probe_exec, . - probe_exec

probe_through:
	mov	r0, #0
	cmp	r0, r0
	b	probe_over

	.global	probe_begin
probe_begin:
	ldr	r1, =probe_vectors
	ldr	r2, =probe_before
	mrc	p15, 0, r0, c12, c0, 0
	str	r0, [r2]
	mcr	p15, 0, r1, c12, c0, 0
	isb
	bx	lr

	.global	probe_end
probe_end:
	ldr	r2, =probe_before
	ldr	r0, [r2]
	mcr	p15, 0, r0, c12, c0, 0
	isb
	bx	lr
	.ltorg

	.bss
	.balign	4
probe_sp:
	.space	4
probe_before:
	.space	4
