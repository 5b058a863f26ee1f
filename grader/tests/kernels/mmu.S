@ Asks the processor about page tables. The parameter block's input is words: what to set in SCTLR, TTBR0, TTBR1,
@ TTBCR, DACR, PRRR, NMRR; how many pairs of address and word to store, how many addresses to translate, how many to
@ try; then those. For each address translated four words of PAR go to ANSWERS: of ATS1CPR, ATS1CPW, ATS1CUR, ATS1CUW.
@ For each tried six go to TRIALS: fault status and address (0 and 0 if there was no fault) of a call by privileged
@ code, a call by user code, a load. What is called has to be `bx lr`.
	.set	INPUT, 0x47ff0030
	.set	ANSWERS, 0x46000000
	.set	TRIALS, 0x46080000

	.macro	result
	str	r0, [r9], #4
	str	r1, [r9], #4
	mov	r0, #0
	mov	r1, #0
	.endm

	.global _start
_start:	adr	r0, vectors
	mcr	p15, 0, r0, c12, c0, 0		@ VBAR
	ldr	r8, =INPUT
	ldm	r8!, {r1-r7, r10-r12}		@ r10 pairs, r11 translations, r12 trials
	mcr	p15, 0, r2, c2, c0, 0		@ TTBR0
	mcr	p15, 0, r3, c2, c0, 1		@ TTBR1
	mcr	p15, 0, r4, c2, c0, 2		@ TTBCR
	mcr	p15, 0, r5, c3, c0, 0		@ DACR
	mcr	p15, 0, r6, c10, c2, 0		@ PRRR
	mcr	p15, 0, r7, c10, c2, 1		@ NMRR
1:	subs	r10, r10, #1
	ldmpl	r8!, {r2, r3}
	strpl	r3, [r2]
	bpl	1b
	mcr	p15, 0, r0, c8, c7, 0		@ TLBIALL
	dsb
	mrc	p15, 0, r0, c1, c0, 0
	orr	r0, r0, r1
	mcr	p15, 0, r0, c1, c0, 0		@ SCTLR
	isb
	.global on
on:	ldr	r9, =ANSWERS
2:	subs	r11, r11, #1
	bmi	3f
	ldr	r0, [r8], #4
	.irp	op, 0, 1, 2, 3
	mcr	p15, 0, r0, c7, c8, \op
	isb
	mrc	p15, 0, r1, c7, c4, 0		@ PAR
	str	r1, [r9], #4
	.endr
	b	2b
3:	ldr	r9, =TRIALS
	mov	r0, #0
	mov	r1, #0
4:	subs	r12, r12, #1
	bmi	8f
	ldr	r4, [r8], #4
	adr	r11, 5f
	blx	r4
5:	result
	adr	r11, 6f
	cps	#0x10
	blx	r4
	svc	#0
6:	result
	adr	r11, 7f
	ldr	r2, [r4]
7:	result
	b	4b
8:	ldr	r0, =0x84000008			@ PSCI SYSTEM_OFF
	hvc	#0

	.balign	32
vectors:
	b	.
	b	.
	b	back				@ SVC
	b	fetch
	b	data
	b	.
	b	.
	b	.
fetch:	mrc	p15, 0, r0, c5, c0, 1		@ IFSR
	mrc	p15, 0, r1, c6, c0, 2		@ IFAR
	b	back
data:	mrc	p15, 0, r0, c5, c0, 0		@ DFSR
	mrc	p15, 0, r1, c6, c0, 0		@ DFAR
back:	cps	#0x13
	bx	r11
