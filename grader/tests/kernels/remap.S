@ Uses a translation, changes it and uses it again. RAM is where it is by TTBR1, in sections; below 1 GB is TTBR0's,
@ and there the page at LOW is memory at ONE, under ASID 1, until the descriptor is changed to one of memory at TWO.
@ What is to be left out or done otherwise is told by names, below, where it is done.
	.equ	HIGH, 0x40200000		@ TTBR1's first level
	.equ	FIRST, 0x40204000		@ TTBR0's
#ifdef LOADED					/* its second level is of the image */
	.equ	SECOND, loaded
#else
	.equ	SECOND, 0x40205000		@ and its second level
#endif
	.equ	COPIED, 0x40206000		@ another first level
	.equ	OTHER, 0x40207000		@ another second level
	.equ	ONE, 0x40210000
	.equ	TWO, 0x40211000
	.equ	LOW, 0x00405000
	.equ	PAGE, 0x032			@ a small page for the kernel
#ifdef GLOBAL
	.equ	BITS, PAGE
#else
	.equ	BITS, PAGE | 0x800		@ nG
#endif

	.global _start
_start:
	ldr	r1, =HIGH
	ldr	r2, =0x40000c02
	mov	r3, #0x400
1:	str	r2, [r1, r3, lsl #2]
	add	r2, r2, #0x100000
	add	r3, r3, #1
	cmp	r3, #0x480
	bne	1b
	ldr	r4, =FIRST
	ldr	r5, =SECOND
	orr	r2, r5, #1
	str	r2, [r4, #(LOW >> 20) << 2]
	str	r2, [r4, #((LOW >> 20) + 1) << 2]
	ldr	r6, =COPIED			@ another table that says the same
	ldr	r0, =OTHER
	orr	r2, r0, #1
	str	r2, [r6, #(LOW >> 20) << 2]
	ldr	r7, =ONE + BITS
	str	r7, [r0, #(LOW >> 12 & 0xff) << 2]
#if !defined LATE && !defined LOADED
	str	r7, [r5, #(LOW >> 12 & 0xff) << 2]
#endif
	ldr	r0, =ONE
	mov	r2, #1
	str	r2, [r0]
	ldr	r0, =TWO
	mov	r2, #2
	str	r2, [r0]
	ldr	r0, =vectors
	mcr	p15, 0, r0, c12, c0, 0
	mcr	p15, 0, r4, c2, c0, 0		@ TTBR0
	mcr	p15, 0, r1, c2, c0, 1		@ TTBR1
	mov	r0, #2
	mcr	p15, 0, r0, c2, c0, 2		@ TTBCR: N = 2
	mov	r0, #1
	mcr	p15, 0, r0, c3, c0, 0		@ DACR: client
	mcr	p15, 0, r0, c13, c0, 1		@ CONTEXTIDR: ASID 1
	isb
	mrc	p15, 0, r0, c1, c0, 0
	orr	r0, r0, #1
#ifdef TRE
	orr	r0, r0, #1 << 28
#endif
on:	mcr	p15, 0, r0, c1, c0, 0		@ SCTLR
#ifndef M_NO_ISB
	isb
#endif
	ldr	r8, =LOW
#ifndef LATE
	ldr	r0, [r8]
#endif
	ldr	r2, =TWO + BITS

#if defined TABLE				/* the first level's descriptor */
	ldr	r9, =OTHER
	str	r2, [r9, #(LOW >> 12 & 0xff) << 2]
	orr	r9, r9, #1
change:	str	r9, [r4, #(LOW >> 20) << 2]
#elif defined SECTION				/* a section's, for others than those used */
	ldr	r8, =0x00100000
	ldr	r9, =0x40200c02
	str	r9, [r4, #4]
	dsb
	isb
	ldr	r0, [r8]
	add	r8, r8, #0x3000
	orr	r9, r5, #1
change:	str	r9, [r4, #4]
	str	r2, [r5, #3 << 2]
#elif defined BREAK				/* unmapped before it is MAKE that maps it */
	mov	r0, #0
change:	str	r0, [r5, #(LOW >> 12 & 0xff) << 2]
#elif defined BETWEEN				/* a third page, before it is MAKE that changes it */
	add	r0, r7, #0x2000
change:	str	r0, [r5, #(LOW >> 12 & 0xff) << 2]
#elif defined FREE				/* the second level is taken off, for REUSE */
#ifdef BARE					/* by its lowest bits alone */
	mov	r0, r5
#else
	mov	r0, #0
#endif
change:	str	r0, [r4, #(LOW >> 20) << 2]
	str	r0, [r4, #((LOW >> 20) + 1) << 2]
#elif defined INHERIT				/* ASID 2 has the tables of ASID 1, which has new ones */
	ldr	r9, =OTHER
	str	r2, [r9, #(LOW >> 12 & 0xff) << 2]
	dsb
	mov	r0, #2
	mcr	p15, 0, r0, c13, c0, 1
	isb
	mov	r9, #1
#ifndef KEEP
	mcr	p15, 0, r9, c8, c7, 2		@ TLBIASID
#endif
	dsb
	isb
	ldr	r0, [r8]
	mov	r0, #0
change:	str	r0, [r5, #(LOW >> 12 & 0xff) << 2]
	dsb
	orr	r0, r8, #2
	mcr	p15, 0, r0, c8, c7, 1		@ TLBIMVA
	dsb
	isb
	mcr	p15, 0, r6, c2, c0, 0
	mcr	p15, 0, r9, c13, c0, 1
	isb
#elif defined UNMAP
	mov	r2, #0
change:	str	r2, [r5, #(LOW >> 12 & 0xff) << 2]
#elif defined SOFTWARE				/* TEX's upper bits */
	orr	r2, r7, #3 << 7
change:	str	r2, [r5, #(LOW >> 12 & 0xff) << 2]
#elif defined COPY				/* other tables, all the same */
	mcr	p15, 0, r6, c2, c0, 0
	isb
	mov	r2, #0
change:	str	r2, [r5, #(LOW >> 12 & 0xff) << 2]
#elif defined EXCHANGE				/* other tables, and another page */
	ldr	r9, =OTHER
	str	r2, [r9, #(LOW >> 12 & 0xff) << 2]
change:	mcr	p15, 0, r6, c2, c0, 0
	isb
#ifdef NEW_ASID
	mov	r0, #2
	mcr	p15, 0, r0, c13, c0, 1
	isb
#endif
#elif defined RECYCLE				/* tables and pages of ASID 1 for another, and new ones for it */
	ldr	r9, =OTHER
	str	r2, [r9, #(LOW >> 12 & 0xff) << 2]
	dsb
	mov	r0, #2
	mcr	p15, 0, r0, c13, c0, 1
	isb
change:	mcr	p15, 0, r6, c2, c0, 0
	isb
	mov	r9, #1
#ifndef KEEP
	mcr	p15, 0, r9, c8, c7, 2		@ TLBIASID
#endif
	dsb
	isb
	mov	r0, #0
	str	r0, [r5, #(LOW >> 12 & 0xff) << 2]
	mcr	p15, 0, r9, c13, c0, 1
	isb
#elif defined EXECUTE				/* it is executed */
	ldr	r0, =ONE
	ldr	r9, =0xe12fff1e			@ bx lr
	str	r9, [r0]
	ldr	r0, =TWO
	str	r9, [r0]
	mcr	p15, 0, r0, c7, c11, 1
	ldr	r0, =ONE
	mcr	p15, 0, r0, c7, c11, 1
	dsb
	mcr	p15, 0, r0, c7, c5, 0
	mcr	p15, 0, r0, c7, c5, 6
	dsb
	isb
	blx	r8
change:	str	r2, [r5, #(LOW >> 12 & 0xff) << 2]
#else
change:	str	r2, [r5, #(LOW >> 12 & 0xff) << 2]
#endif
#ifdef BACK
	str	r7, [r5, #(LOW >> 12 & 0xff) << 2]
#endif

#ifndef NO_DSB
	dsb
#endif
	orr	r0, r8, #1
#ifdef WRONG_ADDRESS
	add	r0, r0, #0x1000
#endif
#ifdef WRONG_ASID
	eor	r0, r0, #3
#endif
#if defined ALL
	mcr	p15, 0, r0, c8, c7, 0		@ TLBIALL
#elif defined BY_ASID
	mcr	p15, 0, r0, c8, c7, 2		@ TLBIASID
#elif defined ANY_ASID
	mcr	p15, 0, r0, c8, c7, 3		@ TLBIMVAA
#elif defined SHAREABLE
	mcr	p15, 0, r0, c8, c3, 1		@ TLBIMVAIS
#elif !defined NO_TLBI
	mcr	p15, 0, r0, c8, c7, 1		@ TLBIMVA
#endif
#ifndef NO_DSB2
	dsb
#endif
#ifdef RETURN
	mrs	r9, cpsr			@ an exception return does what ISB does
	msr	spsr_cxsf, r9
	movs	pc, pc
	nop
#elif !defined NO_ISB
	isb
#endif
#ifdef RESTORE					/* stored again, which changes nothing */
	str	r2, [r5, #(LOW >> 12 & 0xff) << 2]
#endif
#ifdef MAKE					/* stored behind it all, for the first time */
make:	str	r2, [r5, #(LOW >> 12 & 0xff) << 2]
	dsb
	isb
#endif
#ifdef REUSE		@ 0: as data; 1: the same table; 2: the same, as it was; 3: both; 4: another; 5: data, nothing mapped
	ldr	r9, =OTHER
	str	r2, [r9, #(LOW >> 12 & 0xff) << 2]
	orr	r9, r9, #1
	orr	r0, r5, #1
#if REUSE == 2 || REUSE == 3			/* it is back before it is changed */
	str	r0, [r4, #(LOW >> 20) << 2]
#if REUSE == 3					/* and taken off once more */
	str	r9, [r4, #(LOW >> 20) << 2]
	dsb
	orr	r3, r8, #1
	mcr	p15, 0, r3, c8, c7, 1		@ TLBIMVA
	dsb
	isb
#endif
#endif
reuse:	str	r2, [r5, #(LOW >> 12 & 0xff) << 2]
#if REUSE == 1
	str	r0, [r4, #(LOW >> 20) << 2]
#elif REUSE == 0 || REUSE == 4
	str	r9, [r4, #(LOW >> 20) << 2]
#if REUSE == 4
	str	r0, [r4, #((LOW >> 20) + 8) << 2]
#endif
#endif
	dsb
	isb
#if REUSE == 4
	add	r0, r8, #0x800000
	ldr	r0, [r0]
#endif
#endif
#ifdef EXECUTE
again:	blx	r8
#else
again:	ldr	r0, [r8]
#endif

#ifdef REGISTER				/* changes one, and relies on it at once */
	orr	r7, r1, #0x40
	mov	r3, #3
#ifdef SAME
	mov	r3, #1
#endif
	mov	r9, #7
	ldr	r10, =vectors + 32
	mov	r11, #0x5000
writes:
#if REGISTER == 0
	mcr	p15, 0, r6, c2, c0, 0		@ TTBR0
#elif REGISTER == 1
	mcr	p15, 0, r7, c2, c0, 1		@ TTBR1
#elif REGISTER == 2
	mcr	p15, 0, r3, c3, c0, 0		@ DACR
#elif REGISTER == 3
	mcr	p15, 0, r9, c13, c0, 1		@ CONTEXTIDR
#elif REGISTER == 4
	mcr	p15, 0, r10, c12, c0, 0		@ VBAR
#elif REGISTER == 5
	mcr	p15, 0, r11, c10, c2, 0		@ PRRR
#endif
#ifdef WITH_ISB
	isb
#endif
#if defined EXECUTE
relies:	blx	r8
#elif REGISTER == 4
relies:	svc	#0
#elif defined ELSEWHERE
	ldr	r0, [r4]			@ by TTBR1
#elif REGISTER == 1 || REGISTER == 5
relies:	ldr	r0, [r4]
#else
relies:	ldr	r0, [r8]
#endif
#endif
over:	ldr	r0, =0x84000008
	hvc	#0

#ifdef LOADED
	.balign	1024
loaded:	.space	(LOW >> 12 & 0xff) << 2
	.word	ONE + BITS
	.balign	1024
#endif
	.balign	32
vectors:
	b	.
	b	.
	b	over
	b	.
	b	over				@ a data abort
	b	.
	b	.
	b	.
	b	.
	b	.
	b	over
