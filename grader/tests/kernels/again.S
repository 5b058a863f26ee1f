@ Starts over, for ever.
	.global _start
_start:	nop
	b	_start
