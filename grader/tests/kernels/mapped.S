@ Turns the MMU on, with RAM's first megabyte at its own address, at 1 MB and at 0xc0000000, and the UART's at
@ 0x40900000, which without the MMU is RAM; then jumps to AT, and from there, if that is its own code, switches off.
	.macro	section from, to		@ r0 is the table
	ldr	r1, =\to + 0xc02
	ldr	r2, =(\from >> 20) << 2
	str	r1, [r0, r2]
	.endm

	.global _start
_start:
	ldr	r0, =0x40204000
	section	0x40000000, 0x40000000
	section	0x00100000, 0x40000000
	section	0xc0000000, 0x40000000
	section	0x40900000, 0x09000000
	mcr	p15, 0, r0, c2, c0, 0		@ TTBR0
	mov	r1, #3
	mcr	p15, 0, r1, c3, c0, 0		@ DACR: manager of domain 0
	mrc	p15, 0, r1, c1, c0, 0
	orr	r1, r1, #1
	mcr	p15, 0, r1, c1, c0, 0		@ SCTLR.M
	isb
	ldr	r3, =AT
	blx	r3
from:
	.balign	256
there:	ldr	r0, =0x84000008			@ PSCI SYSTEM_OFF
last:	hvc	#0
