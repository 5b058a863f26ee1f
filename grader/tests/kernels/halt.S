@ Prints a letter and sleeps with nothing to wake it.
	.global _start
_start:
	ldr	r1, =0x09000000
	mov	r2, #'z'
	str	r2, [r1]
asleep:	wfi
	b	asleep
