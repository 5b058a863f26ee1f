@ Works for a while before its console is up, as real kernels do; then prints ">", sends back 5 bytes and switches off.
	.global _start
_start:	mov	r2, #(1 << 28)
1:	subs	r2, r2, #1
	bne	1b
	ldr	r1, =0x09000000
	mov	r0, #0x70			@ LCR_H: 8 bits, the FIFOs on
	str	r0, [r1, #0x2c]
	ldr	r0, [r1]			@ and empty: what came too early is lost
	mov	r0, #'>'
	str	r0, [r1]
	mov	r2, #5
1:	ldr	r0, [r1, #0x18]
	tst	r0, #0x10			@ RXFE
	bne	1b
	ldr	r0, [r1]
	str	r0, [r1]
	subs	r2, r2, #1
	bne	1b
	ldr	r0, =0x84000008
	hvc	#0
