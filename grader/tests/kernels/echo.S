@ Echoes 32 bytes, polling, and switches off. `ready` is passed every 16 bytes: there the grader may type.
@ FIFO is what the UART's LCR_H is set to.
	.global _start
#ifndef FIFO
#define FIFO 0x70
#endif
_start:
	ldr	r1, =0x09000000
	mov	r0, #FIFO
	str	r0, [r1, #0x2c]
	mov	r7, #32
next:	tst	r7, #15
	bne	1f
	mov	r5, r7				@ what the grader sees in the registers
ready:	add	r5, r5, #1			@ in the middle of a block: QEMU would keep r5 elsewhere
	nop
1:	ldr	r2, [r1, #0x18]
	tst	r2, #0x10			@ RXFE
	bne	1b
	ldr	r2, [r1]
	str	r2, [r1]
	subs	r7, r7, #1
	bne	next
	ldr	r0, =0x84000008
	hvc	#0
