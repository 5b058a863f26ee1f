@ Drives three of the GPIO's pins, with and without edges, and switches off; -DMANY toggles one that many times more.
	.global _start
_start:	ldr	r1, =0x09030000
	mov	r0, #0x85
	str	r0, [r1, #0x400]		@ GPIODIR: pins 0, 2 and 7
	mov	r0, #0xff
	str	r0, [r1, #0x05 << 2]		@ pins 0 and 2 up
	str	r0, [r1, #0x7a << 2]		@ inputs: nothing
	str	r0, [r1, #0x80 << 2]		@ pin 7 up
	str	r0, [r1, #0x80 << 2]		@ and up again: no edge
	mov	r0, #0
	str	r0, [r1, #0x84 << 2]		@ pins 2 and 7 down
#ifdef MANY
	ldr	r2, =MANY
1:	eor	r0, r0, #1
	str	r0, [r1, #0x01 << 2]
	subs	r2, r2, #1
	bne	1b
#endif
	ldr	r0, =0x84000008
	hvc	#0
