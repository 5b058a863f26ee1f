// What is counted in bench.toml begins and ends at these addresses, which ../bench.S gives names to.

	.text
	.balign	256				// 0x10100
	.global	main
	.type	main, %function
main:
	nop					// user_entered
	mov	r7, #0
	mov	r4, #8
1:	svc	#0				// null_begin
	subs	r4, r4, #1			// null_end
	bne	1b
	mov	r7, #1
	mov	r4, #8
1:	svc	#0				// frame_begin
	subs	r4, r4, #1			// frame_end
	bne	1b
	mov	r4, #8
1:	udf	#0				// undefined_begin
	subs	r4, r4, #1			// undefined_end
	bne	1b
	mov	r4, #8
1:	mov	r0, #2
	mov	r1, #1
	mcr	p15, 0, r0, c14, c2, 0		// CNTP_TVAL
	mcr	p15, 0, r1, c14, c2, 1		// CNTP_CTL
	nop					// interrupt_begin: behind it two ticks have passed
	nop
	subs	r4, r4, #1
	bne	1b
	mov	r7, #40
	mov	r0, #0x10000
	svc	#0
	mov	r0, #42
	mov	r7, #2
	svc	#0
	.size	main, . - main
