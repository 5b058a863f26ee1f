@ Writes code into memory, calls it, changes it and calls it again, with the MMU on. Each operation between the store
@ and the call can be left out (NO_CLEAN, NO_DSB, NO_IC, NO_BP, NO_DSB2, NO_ISB) or be of another kind: IC_LINE and
@ BP_LINE by address, LINUX as that does it; WRONG_LINE, IC_WRONG and BP_WRONG are of another line, EARLY invalidates before it cleans.
@ ALIAS stores at another address of the same memory. ROUTINE cleans by code that is written itself.
@ OFF leaves the MMU off.
	.equ	CODE, 0x40200000
	.equ	TABLE, 0x40204000
	.global _start
_start:
#ifndef OFF
	ldr	r1, =TABLE
	ldr	r3, =0x40000c02			@ RAM is where it is, in sections,
	mov	r2, #0x400
1:	str	r3, [r1, r2, lsl #2]
	add	r3, r3, #0x100000
	add	r2, r2, #1
	cmp	r2, #0x480
	bne	1b
	ldr	r3, =0x40200c02			@ and a part of it at 0x80200000 too
	ldr	r2, =0x802 << 2
	str	r3, [r1, r2]
	mcr	p15, 0, r1, c2, c0, 0		@ TTBR0
	mov	r0, #1
	mcr	p15, 0, r0, c3, c0, 0		@ DACR
	isb
	mrc	p15, 0, r0, c1, c0, 0
	ldr	r2, =0x1005
	orr	r0, r0, r2			@ SCTLR: M, C, I
	mcr	p15, 0, r0, c1, c0, 0
	isb
#endif
	ldr	r5, =CODE
#ifdef ROUTINE
	ldr	r4, =routine			@ the routine, written as it should be
	add	r6, r5, #0x100
	ldmia	r4, {r0, r1}
	stmia	r6, {r0, r1}
	mcr	p15, 0, r6, c7, c11, 1		@ DCCMVAU
	dsb
	mcr	p15, 0, r0, c7, c5, 0		@ ICIALLU
	mcr	p15, 0, r0, c7, c5, 6		@ BPIALL
	dsb
	isb
#endif
	ldr	r4, =first
	bl	generate
	ldr	r4, =second
	bl	generate
	ldr	r0, =0x84000008
	hvc	#0

generate:
	mov	r7, lr
	ldmia	r4, {r0, r1}
	mov	r2, r5
#ifdef ALIAS
	add	r2, r2, #0x40000000
#endif
store:	stmia	r2, {r0, r1}
	str	r0, [r2, #16]			@ data, beside it
	adr	r0, data			@ and beside code that nobody wrote
	str	r7, [r0]
	mov	r0, r5
#ifdef WRONG_LINE
	add	r0, r0, #64
#endif
#ifdef EARLY
	mcr	p15, 0, r0, c7, c5, 0		@ ICIALLU
	mcr	p15, 0, r0, c7, c5, 6		@ BPIALL
#endif
#ifdef ROUTINE
	blx	r6
#elif !defined NO_CLEAN
	mcr	p15, 0, r0, c7, c11, 1		@ DCCMVAU
#endif
#ifdef SKIPPED
	cmp	r0, r0
	mcrne	p15, 0, r0, c7, c11, 1		@ never
#endif
#ifdef LINUX
	dsb	ishst
#elif !defined NO_DSB
	dsb
#endif
#ifdef IC_WRONG
	add	r0, r5, #32
	mcr	p15, 0, r0, c7, c5, 1		@ ICIMVAU
#elif defined IC_LINE || defined LINUX
	mcr	p15, 0, r5, c7, c5, 1		@ ICIMVAU
#elif !defined NO_IC && !defined EARLY
	mcr	p15, 0, r0, c7, c5, 0		@ ICIALLU
#endif
#ifdef BP_WRONG
	add	r0, r5, #32
	mcr	p15, 0, r0, c7, c5, 7		@ BPIMVA
#elif defined BP_LINE
	mcr	p15, 0, r5, c7, c5, 7		@ BPIMVA
#elif defined LINUX
	mcr	p15, 0, r0, c7, c1, 6		@ BPIALLIS
#elif !defined NO_BP && !defined EARLY
	mcr	p15, 0, r0, c7, c5, 6		@ BPIALL
#endif
#ifdef LINUX
	dsb	ishst
#elif !defined NO_DSB2
	dsb
#endif
#ifndef NO_ISB
	isb
#endif
	blx	r5
	str	r0, [r5, #20]			@ behind the code, in its line
	bx	r7

data:	.word	0
first:	mov	r0, #1
	bx	lr
second:	mov	r0, #2
	bx	lr
#ifdef ROUTINE
routine:
#ifdef NO_CLEAN
	nop
#else
	mcr	p15, 0, r0, c7, c11, 1		@ DCCMVAU
#endif
	bx	lr
#endif
