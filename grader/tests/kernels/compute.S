@ Computes for TURNS turns of 5 instructions, 3 more before them and 2 behind, the last of which switches off.
	.global _start
_start:
	ldr	r2, =TURNS
	mov	r3, #0
	mov	r4, #0
1:	eor	r3, r3, r2
	add	r4, r4, r3, lsl #3
	tst	r4, #1
	subs	r2, r2, #1
	bne	1b
	ldr	r0, =0x84000008
last:	hvc	#0
