@ Takes one exception of each kind, at the label of its name, and goes on behind it; then switches off. With CORE
@ that core does so, and the first waits for it; with TIMES it takes so many SVCs and then AFTER, if that is told.
	.global _start
	.syntax	unified
_start:
#ifdef CORE
	ldr	r4, =0x40200000
	mov	r0, #0
	str	r0, [r4]
	ldr	r0, =0x84000003			@ CPU_ON(cpu, entry)
	mov	r1, #CORE
	adr	r2, other
	hvc	#0
1:	wfe
	ldr	r0, [r4]
	cmp	r0, #0
	beq	1b
	b	over
other:
#endif
	ldr	r0, =vectors
	mcr	p15, 0, r0, c12, c0, 0		@ VBAR
	isb
#ifdef TIMES
	ldr	r2, =TIMES
1:	svc	#0
	subs	r2, r2, #1
	bne	1b
#ifdef AFTER
	AFTER
#endif
	b	over
#endif
	ldr	r0, =0x50000000			@ nothing is there
	nop
undefined:
	udf	#0
	nop
call:	svc	#0x1234
load:	ldr	r1, [r0]
store:	strb	r1, [r0, #4]
	adr	r3, back
fetch:	bx	r0
back:	adr	r1, thumb + 1
	bx	r1
	.thumb
	.thumb_func
thumb:	nop
	nop.w
call2:	svc	#7
	bx	pc
	nop
	.arm
	ldr	r2, =0x08010000			@ the GIC: its CPU interface
	mov	r1, #0xff
	str	r1, [r2, #4]
	mov	r1, #1
	str	r1, [r2]
	ldr	r2, =0x08000000			@ and distributor
	str	r1, [r2]
	cpsie	i
	mov	r1, #0x02000000			@ an interrupt by software, to this core
interrupt:
	str	r1, [r2, #0xf00]
	nop
over:
#ifdef CORE
	mov	r0, #1
	ldr	r4, =0x40200000
	str	r0, [r4]
#endif
	ldr	r0, =0x84000008
	hvc	#0

	.balign	32
vectors:
	b	.
	movs	pc, lr				@ undefined
	movs	pc, lr				@ SVC
	b	1f				@ an aborted fetch
	subs	pc, lr, #4			@ data abort: goes on behind it
	b	.
	ldr	r2, =0x0801000c			@ IRQ: acknowledged
	ldr	r1, [r2]
	str	r1, [r2, #4]
	subs	pc, lr, #4
1:	mov	lr, r3
	movs	pc, lr
