// Names for places in bench/null.user.S, which is linked by itself: the grader knows the kernel's symbols.

.macro at name, offset
	.global	\name
	.equ	\name, 0x10100 + \offset
	.endm

	at	user_entered, 0
	at	null_begin, 12
	at	null_end, 16
	at	frame_begin, 32
	at	frame_end, 36
	at	undefined_begin, 48
	at	undefined_end, 52
	at	interrupt_begin, 80
