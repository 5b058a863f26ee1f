@ Polls the UART for ever: a loop of device accesses.
	.global _start
_start:
	ldr	r1, =0x09000000
	mov	r3, #0
1:	ldr	r2, [r1, #0x18]
	add	r3, r3, #1
	b	1b
