@ Sleeps ten times, a timer ending each sleep (an interrupt that is pending wakes, though masked), prints
@ a dot each time and switches off.
	.global _start
	.equ	GICD, 0x08000000
	.equ	GICC, 0x08010000
_start:
	ldr	r1, =0x09000000
	ldr	r2, =GICD
	ldr	r3, =GICC
	mov	r0, #1
	str	r0, [r2]			@ GICD_CTLR
	str	r0, [r3]			@ GICC_CTLR
	mov	r0, #0xff
	str	r0, [r3, #4]			@ GICC_PMR
	mov	r0, #1 << 30			@ the physical timer: PPI 14
	str	r0, [r2, #0x100]		@ GICD_ISENABLER0
	mov	r7, #10
1:	mov	r0, #1000
	mcr	p15, 0, r0, c14, c2, 0		@ CNTP_TVAL
	mov	r0, #1
	mcr	p15, 0, r0, c14, c2, 1		@ CNTP_CTL
sleep:	wfi
	mov	r0, #0
	mcr	p15, 0, r0, c14, c2, 1
	ldr	r0, [r3, #0xc]			@ GICC_IAR
	str	r0, [r3, #0x10]			@ GICC_EOIR
	mov	r0, #'.'
	str	r0, [r1]
	subs	r7, r7, #1
	bne	1b
	ldr	r0, =0x84000008
	hvc	#0
