@ Counts in r3 for ever, in one block of three instructions after the first.
	.global _start
_start:
	mov	r3, #0
again:	add	r3, r3, #1
	nop
	b	again
