@ Prints without end.
	.global _start
_start:
	ldr	r1, =0x09000000
	mov	r2, #'f'
1:	str	r2, [r1]
	b	1b
