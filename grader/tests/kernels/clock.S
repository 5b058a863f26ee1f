@ Reads the counter, works with memory, branches and the UART (device accesses in the middle of a block),
@ reads it again and sends the difference as four bytes. One tick is one instruction: the plugin must agree.
	.global _start
_start:
	ldr	r1, =0x09000000
	ldr	r6, =0x40200000
	mov	r7, #3000
from:	mrrc	p15, 0, r4, r5, c14		@ CNTPCT
1:	ldr	r2, [r1, #0x18]
	str	r2, [r6], #4
	ldmdb	r6, {r2}
	tst	r7, #1
	ldrne	r2, [r1, #0x18]
	addeq	r3, r3, r2
	bne	2f
	nop
2:	subs	r7, r7, #1
	bne	1b
to:	mrrc	p15, 0, r8, r9, c14
	sub	r8, r8, r4
	mov	r7, #4
3:	str	r8, [r1]
	lsr	r8, r8, #8
	subs	r7, r7, #1
	bne	3b
	ldr	r0, =0x84000008
	hvc	#0
