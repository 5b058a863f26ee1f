@ Prints "asked", enters check_main(), which waits for one byte and sends it back, and switches off.
	.global _start, check_main
	.type	check_main, %function
_start:
	ldr	r1, =0x09000000
	adr	r2, text
1:	ldrb	r0, [r2], #1
	cmp	r0, #0
	strne	r0, [r1]
	bne	1b
	bl	check_main
	ldr	r0, =0x84000008
	hvc	#0
	b	.
check_main:
	mov	r0, #'>'			@ the line that gdb shows
	str	r0, [r1]
1:	ldr	r0, [r1, #0x18]
	tst	r0, #0x10			@ RXFE
	bne	1b
	ldr	r0, [r1]
	str	r0, [r1]
	bx	lr
text:	.asciz	"asked\n"
