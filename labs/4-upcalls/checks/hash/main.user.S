// compute(rounds): in each round r0 to r12, lr, flags, Q and GE go into each other, in A32, then in Thumb, in IT blocks.

	.syntax	unified
	.arch_extension idiv
	.text
	.global	compute
	.type	compute, %function
compute:
	push	{r4-r11, lr}
	ldr	r12, =saved
	str	sp, [r12]
	str	r0, [r12, #4]
	ldr	sp, =0x12345678			// (nothing is pushed meanwhile)
	mov	r1, #1
	mov	r2, #2
	mov	r3, #3
	mov	r4, #4
	mov	r5, #5
	mov	r6, #6
	mov	r8, #8
	mov	r9, #9
	mov	r10, #10
	mov	r11, #11
	mov	lr, #14
round:	ldr	r12, =saved
	str	r0, [r12, #8]
	mov	r7, #40
	svc	#0
	ldr	r0, [r12, #8]
	mov	r7, sp
	eor	r7, r7, lr, ror #7
.rept 3
	adds	r0, r0, r1, ror #3
	adcs	r2, r2, r3, lsl #5
	eors	r4, r4, r2, ror #11
	sbcs	r5, r6, r5
	uadd8	r6, r0, r8
	sel	r9, r4, r9
	qadd	r10, r10, r5
	adc	r11, r11, lr, ror #9
	rscs	lr, lr, r11, lsl #1
	eor	r8, r8, r10, ror #17
	add	r1, r1, r9, ror #13
	movs	r3, r3, rrx
	eorvc	r3, r3, r7
	eorhi	r7, r7, r0, ror #1
.endr
	ldr	r12, =1f + 1
	bx	r12
	.thumb
1:
.rept 3
	ands	r12, r0, r2
	itete	ne
	addne	r1, r1, lr
	subeq	r1, r1, r4
	eorne	r3, r3, r11
	addeq	r3, r3, r10
	adds	r0, r0, r9
	ittte	cs
	addcs	r4, r4, r5
	eorcs	r5, r5, r6
	addcs	r6, r6, r8
	eorcc	r7, r7, r12
	ssub8	r8, r8, r1
	sel	r9, r9, r0
	subs	r10, r10, r3
	itt	vs
	addvs	r11, r11, #77
	eorvs	lr, lr, r2
	it	mi
	addmi	lr, lr, r8
.endr
	ldr	r12, =2f
	bx	r12
	.ltorg
	.arm
2:	mrs	r12, cpsr
	eor	r2, r2, r12
	ldr	r12, =saved
	str	r1, [r12, #8]
	ldr	r1, [r12, #4]
	subs	r1, r1, #1
	str	r1, [r12, #4]
	ldr	r1, [r12, #8]
	bne	round
	eor	r0, r0, r1, ror #1
	eor	r0, r0, r2, ror #2
	eor	r0, r0, r3, ror #3
	eor	r0, r0, r4, ror #4
	eor	r0, r0, r5, ror #5
	eor	r0, r0, r6, ror #6
	eor	r0, r0, r7, ror #7
	eor	r0, r0, r8, ror #8
	eor	r0, r0, r9, ror #9
	eor	r0, r0, r10, ror #10
	eor	r0, r0, r11, ror #11
	eor	r0, r0, lr, ror #12
	add	r0, r0, sp
	ldr	sp, [r12]
	pop	{r4-r11, pc}
	.ltorg
	.size	compute, . - compute

	.bss
	.balign	8
saved:	.space	16
