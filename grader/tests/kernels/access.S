@ Accesses of every size in RAM and the UART, some through a virtual address: with the MMU on, 0x80000000 is 0x40000000.
	.global _start
	.equ	TABLE, 0x40204000
_start:
	ldr	r6, =0x40300000
	mov	r0, #1
a:	strb	r0, [r6, #1]
b:	ldrh	r0, [r6, #2]
c:	ldr	r0, [r6, #4]
d:	stmia	r6, {r0, r1}
	ldr	r1, =TABLE
	mov	r2, #0
1:	lsl	r3, r2, #20			@ every megabyte is itself, a section,
	orr	r3, r3, #0xc00
	orr	r3, r3, #2
	str	r3, [r1, r2, lsl #2]
	add	r2, r2, #1
	cmp	r2, #4096
	bne	1b
	ldr	r3, =0x40300c02			@ but for 0x80300000
	ldr	r2, =0x803
	str	r3, [r1, r2, lsl #2]
	mcr	p15, 0, r1, c2, c0, 0		@ TTBR0
	mov	r0, #1
	mcr	p15, 0, r0, c3, c0, 0		@ DACR: client
	mrc	p15, 0, r0, c1, c0, 0
	orr	r0, r0, #1
	mcr	p15, 0, r0, c1, c0, 0		@ SCTLR.M
	isb
	ldr	r6, =0x80300000
e:	str	r0, [r6, #8]
	ldr	r1, =0x09000000
f:	ldr	r2, [r1, #0x18]
	mov	r2, #'a'
g:	str	r2, [r1]
	ldr	r0, =0x84000008
	hvc	#0
