@ Has cache operations in more places than can be watched.
	.global _start
_start:
	.rept	520
	mcr	p15, 0, r0, c7, c5, 0		@ ICIALLU
	.endr
	ldr	r0, =0x84000008
	hvc	#0
