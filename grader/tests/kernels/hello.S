@ Prints "hi" and switches off: 8 instructions, the last of which is the hvc.
	.global _start
_start:
	movw	r1, #0
	movt	r1, #0x0900
	mov	r2, #'h'
	str	r2, [r1]
second:	mov	r2, #'i'
	str	r2, [r1]
	ldr	r0, =0x84000008
last:	hvc	#0
