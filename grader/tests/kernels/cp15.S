@ Writes system registers with words of the parameter block's input, and reads them back into ANSWERS; gives each mode
@ its own r13 and r14; then changes TPIDRPRW by an instruction at a time, the last time to a byte typed; then END: 0
@ switches off, 1 sleeps for ever, 2 starts a second core that switches off with a TPIDRPRW of its own, 3 spins in one
@ instruction.
	.set	INPUT, 0x47ff0030
	.set	ANSWERS, 0x46000000
#ifndef END
#define END 0
#endif
	.macro	register crn, op1, crm, op2
	ldr	r0, [r8], #4
	mcr	p15, \op1, r0, \crn, \crm, \op2
	mrc	p15, \op1, r0, \crn, \crm, \op2
	str	r0, [r9], #4
	.endm
	.macro	banked mode, value
	cps	#\mode
	mov	r13, #\value
	mov	r14, #\value + 1
	.endm

	.global _start
_start:	ldr	r8, =INPUT
	ldr	r9, =ANSWERS
	register c1, 0, c0, 2			@ CPACR
	register c2, 0, c0, 0			@ TTBR0
	register c2, 0, c0, 1			@ TTBR1
	register c2, 0, c0, 2			@ TTBCR
	register c3, 0, c0, 0			@ DACR
	register c5, 0, c0, 0			@ DFSR
	register c5, 0, c0, 1			@ IFSR
	register c6, 0, c0, 0			@ DFAR
	register c6, 0, c0, 2			@ IFAR
	register c7, 0, c4, 0			@ PAR
	register c10, 0, c2, 0			@ PRRR
	register c10, 0, c2, 1			@ NMRR
	register c12, 0, c0, 0			@ VBAR
	register c13, 0, c0, 1			@ CONTEXTIDR
	register c13, 0, c0, 2			@ TPIDRURW
	register c13, 0, c0, 3			@ TPIDRURO
	mrc	p15, 0, r0, c1, c0, 0		@ SCTLR
	str	r0, [r9], #4
	mrc	p15, 0, r0, c1, c0, 1		@ ACTLR
	str	r0, [r9], #4
	banked	0x1f, 0x10
	banked	0x11, 0x20
	mov	r8, #0x28
	mov	r9, #0x29
	mov	r10, #0x2a
	mov	r11, #0x2b
	mov	r12, #0x2c
	banked	0x12, 0x30
	banked	0x17, 0x40
	banked	0x1b, 0x50
	banked	0x13, 0x60
	mov	r0, #1
	mov	r1, #2
	ldr	r4, =0x09000000
	mov	r2, #0x70
	str	r2, [r4, #0x2c]			@ UARTLCR_H: its FIFOs on
first:	mcr	p15, 0, r0, c13, c0, 4		@ TPIDRPRW
second:	mcr	p15, 0, r1, c13, c0, 4
third:	mcr	p15, 0, r0, c13, c0, 4
typed:	ldr	r13, [r4]
fourth:	mcr	p15, 0, r13, c13, c0, 4
last:	nop
#if END == 0
	ldr	r0, =0x84000008
	hvc	#0
#elif END == 1
	wfi
#elif END == 3
self:	b	self
#else
	ldr	r0, =0x84000003			@ CPU_ON(cpu, entry, context)
	mov	r1, #1
	adr	r2, other
	hvc	#0
2:	wfe
	b	2b
other:	mov	r0, #7
	mcr	p15, 0, r0, c13, c0, 4
	ldr	r0, =0x84000008
	hvc	#0
#endif
