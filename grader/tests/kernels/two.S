@ Starts a second core; both pass `here`, and the first switches off when the second has written. They wait
@ by WFE: QEMU lets a core that spins run for 100 million instructions before it is another one's turn.
	.global _start
_start:
	ldr	r4, =0x40200000
	mov	r0, #0
	str	r0, [r4]
	ldr	r0, =0x84000003			@ CPU_ON(cpu, entry, context)
	mov	r1, #1
	adr	r2, other
	mov	r3, r4
	hvc	#0
	bl	here
1:	wfe
	ldr	r0, [r4]
	cmp	r0, #0
	beq	1b
	ldr	r0, =0x84000008
	hvc	#0
other:	mov	r4, r0
	bl	here
	mov	r1, #42
	str	r1, [r4]
2:	wfe
	b	2b
here:	bx	lr
