@ Two cores work for ever, in turns: each does 9000 instructions in short blocks and yields by WFE.
	.global _start
_start:
	ldr	r0, =0x84000003			@ CPU_ON(cpu, entry, context)
	mov	r1, #1
	adr	r2, work
	hvc	#0
work:	movw	r7, #3000
1:	nop
	subs	r7, r7, #1
	bne	1b
	wfe
	b	work
