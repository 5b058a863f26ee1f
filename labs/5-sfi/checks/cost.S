// For cost.c: six functions that GCC 12 wrote at -O2 without r8, with their guards: a CRC-32, SHA-256, a quicksort, a
// search, a list's mean and a matrix product. They are verified, and never run.

	.section .rodata
	.balign	4
	.global	cost_code, cost_code_end
cost_code:
crc32:
	cmp	r1, #0
	beq	.Lcost4
	str	lr, [sp, #-4]!
	add	lr, r0, r1
	mvn	r1, #0
.Lcost3:
	bfi	r10, r0, #0, #20
	ldrb	r3, [r10]
	add	r0, r0, #1
	eor	r3, r3, r1
	cmp	r0, lr
	uxtb	r3, r3
	add	r12, r2, r3, lsl #2
	bfi	r10, r12, #0, #20
	ldr	r3, [r10]
	eor	r1, r3, r1, lsr #8
	bne	.Lcost3
	mvn	r0, r1
	ldr	lr, [sp], #4
	bfi	r9, lr, #2, #18
	bx	r9
.Lcost4:
	mov	r0, r1
	bfi	r9, lr, #2, #18
	bx	r9
sha256:
	push	{r4, r5, r6, r7, r11, lr}
	str	r12, [sp, #-296]!
	add	r5, sp, #36
	mov	r6, r0
	mov	r7, r1
	add	r0, sp, #100
	mov	r1, r5
.Lcost12:
	bfi	r10, r2, #0, #20
	ldrb	r3, [r10, #1]
	add	r2, r2, #4
	bfi	r10, r2, #0, #20
	ldrb	lr, [r10, #-4]
	lsl	r3, r3, #16
	orr	r3, r3, lr, lsl #24
	bfi	r10, r2, #0, #20
	ldrb	lr, [r10, #-1]
	orr	r3, r3, lr
	bfi	r10, r2, #0, #20
	ldrb	lr, [r10, #-2]
	orr	r3, r3, lr, lsl #8
	add	r1, r1, #4
	bfi	r10, r1, #0, #20
	str	r3, [r10]
	cmp	r0, r1
	bne	.Lcost12
	ldr	lr, [sp, #96]
	add	r2, sp, #40
	ldr	r3, [sp, #100]
	add	r11, sp, #232
	ldr	r0, [sp, #40]
	mov	r1, r2
	str	r5, [sp, #4]
.Lcost13:
	bfi	r10, r1, #0, #20
	ldr	r5, [r10, #36]
	mov	r4, r0
	ror	r2, lr, #19
	add	r1, r1, #4
	bfi	r10, r1, #0, #20
	ldr	r0, [r10]
	eor	r2, r2, lr, ror #17
	eor	r2, r2, lr, lsr #10
	mov	lr, r3
	ror	r3, r0, #18
	eor	r3, r3, r0, ror #7
	eor	r3, r3, r0, lsr #3
	add	r2, r2, r5
	add	r2, r2, r3
	cmp	r11, r1
	add	r3, r4, r2
	bfi	r10, r1, #0, #20
	str	r3, [r10, #60]
	bne	.Lcost13
	ldr	r5, [sp, #4]
	add	r0, sp, #8
	add	lr, r6, #32
	mov	r3, r6
	mov	r2, r0
.Lcost14:
	bfi	r10, r3, #0, #20
	ldr	r1, [r10, #4]
	add	r3, r3, #8
	add	r2, r2, #8
	bfi	r10, r2, #0, #20
	str	r1, [r10, #-4]
	bfi	r10, r3, #0, #20
	ldr	r1, [r10, #-8]
	cmp	lr, r3
	bfi	r10, r2, #0, #20
	str	r1, [r10, #-8]
	bne	.Lcost14
	ldr	r3, [sp, #24]
	sub	r7, r7, #4
	ldr	r2, [sp, #8]
	add	r11, sp, #292
	str	r6, [sp, #4]
.Lcost16:
	ldr	r1, [sp, #32]
	ldr	lr, [sp, #28]
	bic	r1, r1, r3
	ldr	r4, [sp, #12]
	and	lr, lr, r3
	eor	r1, r1, lr
	ror	lr, r3, #11
	eor	lr, lr, r3, ror #6
	eor	r3, lr, r3, ror #25
	add	r3, r1, r3
	ldr	r1, [sp, #36]
	ldr	r6, [sp, #16]
	add	r3, r3, r1
	add	r7, r7, #4
	bfi	r10, r7, #0, #20
	ldr	r1, [r10]
	eor	lr, r4, r6
	and	r4, r4, r6
	add	r3, r3, r1
	and	lr, lr, r2
	add	r5, r5, #4
	bfi	r10, r5, #0, #20
	ldr	r1, [r10]
	eor	lr, lr, r4
	add	r3, r3, r1
	ror	r1, r2, #13
	eor	r1, r1, r2, ror #2
	eor	r1, r1, r2, ror #22
	add	r2, sp, #36
	add	r1, r1, lr
.Lcost15:
	add	r2, r2, #-4
	bfi	r10, r2, #0, #20
	ldr	lr, [r10]
	cmp	r2, r0
	bfi	r10, r2, #0, #20
	str	lr, [r10, #4]
	bne	.Lcost15
	ldr	lr, [sp, #24]
	cmp	r5, r11
	add	r2, r3, r1
	add	r3, r3, lr
	str	r2, [sp, #8]
	str	r3, [sp, #24]
	bne	.Lcost16
	ldr	r6, [sp, #4]
	add	r1, sp, #4
	sub	r3, r6, #4
	add	r6, r6, #28
.Lcost17:
	add	r3, r3, #4
	bfi	r10, r3, #0, #20
	ldr	r2, [r10]
	add	r1, r1, #4
	bfi	r10, r1, #0, #20
	ldr	r0, [r10]
	cmp	r3, r6
	add	r2, r2, r0
	bfi	r10, r3, #0, #20
	str	r2, [r10]
	bne	.Lcost17
	ldr	r12, [sp], #296
	pop	{r4, r5, r6, r7, r11, lr}
	bfi	r9, lr, #2, #18
	bx	r9
quicksort:
	cmp	r1, #1
	bfile	r9, lr, #2, #18
	bxle	r9
	push	{r4, r5, r6, r7, r11, lr}
	mov	r5, r0
	str	r12, [sp, #-8]!
	str	r1, [sp, #4]
.Lcost35:
	ldr	r2, [sp, #4]
	mov	lr, #0
	asr	r3, r2, #1
	sub	r1, r2, #1
	add	r12, r5, r3, lsl #2
	bfi	r10, r12, #0, #20
	ldr	r4, [r10]
.Lcost31:
	cmp	lr, r1
	bgt	.Lcost32
.Lcost49:
	add	r12, r5, lr, lsl #2
	bfi	r10, r12, #0, #20
	ldr	r0, [r10]
	lsl	r3, lr, #2
	cmp	r0, r4
	add	r7, r5, r3
	addlt	r3, r3, #4
	addlt	r3, r5, r3
	bge	.Lcost48
.Lcost28:
	bfi	r10, r3, #0, #20
	ldr	r0, [r10]
	mov	r7, r3
	add	lr, lr, #1
	add	r3, r3, #4
	cmp	r0, r4
	blt	.Lcost28
	add	r12, r5, r1, lsl #2
	bfi	r10, r12, #0, #20
	ldr	r6, [r10]
	add	r11, r5, r1, lsl #2
	cmp	r6, r4
	ble	.Lcost29
.Lcost36:
	sub	r3, r1, #1
	add	r2, r5, r3, lsl #2
.Lcost30:
	mov	r11, r2
	mov	r1, r3
	bfi	r10, r2, #0, #20
	ldr	r6, [r10]
	add	r2, r2, #-4
	sub	r3, r3, #1
	cmp	r6, r4
	bgt	.Lcost30
.Lcost29:
	cmp	r1, lr
	blt	.Lcost31
	bfi	r10, r7, #0, #20
	str	r6, [r10]
	add	lr, lr, #1
	bfi	r10, r11, #0, #20
	str	r0, [r10]
	sub	r1, r1, #1
.Lcost50:
	cmp	lr, r1
	ble	.Lcost49
.Lcost32:
	ldr	r3, [sp, #4]
	mov	r0, r5
	add	r5, r5, lr, lsl #2
	add	r1, r1, #1
	sub	r3, r3, lr
	str	r3, [sp, #4]
	mov	r4, r3
	bl	quicksort
	cmp	r4, #1
	bgt	.Lcost35
	ldr	r12, [sp], #8
	pop	{r4, r5, r6, r7, r11, lr}
	bfi	r9, lr, #2, #18
	bx	r9
.Lcost48:
	add	r12, r5, r1, lsl #2
	bfi	r10, r12, #0, #20
	ldr	r6, [r10]
	add	r11, r5, r1, lsl #2
	cmp	r4, r6
	blt	.Lcost36
	bfi	r10, r7, #0, #20
	str	r6, [r10]
	add	lr, lr, #1
	bfi	r10, r11, #0, #20
	str	r0, [r10]
	sub	r1, r1, #1
	b	.Lcost50
find:
	bfi	r10, r0, #0, #20
	ldrb	r3, [r10]
	cmp	r3, #0
	beq	.Lcost56
	push	{r4, r5, lr}
	mov	r4, r1
	bfi	r10, r1, #0, #20
	ldrb	r5, [r10]
	cmp	r5, #0
	popeq	{r4, r5, lr}
	bfieq	r9, lr, #2, #18
	bxeq	r9
.Lcost53:
	sub	r2, r0, #1
	mov	r1, r4
	mov	r3, r5
	b	.Lcost55
.Lcost54:
	add	r1, r1, #1
	bfi	r10, r1, #0, #20
	ldrb	r3, [r10]
	cmp	r3, #0
	popeq	{r4, r5, lr}
	bfieq	r9, lr, #2, #18
	bxeq	r9
.Lcost55:
	add	r2, r2, #1
	bfi	r10, r2, #0, #20
	ldrb	lr, [r10]
	cmp	lr, r3
	beq	.Lcost54
	add	r0, r0, #1
	bfi	r10, r0, #0, #20
	ldrb	r3, [r10]
	cmp	r3, #0
	bne	.Lcost53
	mov	r0, r3
	pop	{r4, r5, lr}
	bfi	r9, lr, #2, #18
	bx	r9
.Lcost56:
	mov	r0, r3
	bfi	r9, lr, #2, #18
	bx	r9
mean:
	subs	r1, r0, #0
	beq	.Lcost70
	mov	r0, #0
	str	lr, [sp, #-4]!
	mov	lr, r0
.Lcost69:
	bfi	r10, r1, #0, #20
	ldr	r2, [r10, #8]
	add	r0, r0, #1
	bfi	r10, r1, #0, #20
	ldr	r1, [r10]
	adds	r3, r2, r2
	adds	r3, r3, r2
	adds	lr, r3, lr
	cmp	r1, #0
	bne	.Lcost69
	cmp	r0, #0
	beq	.Lcost71
	sdiv	r0, lr, r0
	asr	r1, r0, #31
	ldr	lr, [sp], #4
	bfi	r9, lr, #2, #18
	bx	r9
.Lcost71:
	mov	r1, r0
	ldr	lr, [sp], #4
	bfi	r9, lr, #2, #18
	bx	r9
.Lcost70:
	mov	r0, r1
	bfi	r9, lr, #2, #18
	bx	r9
multiply:
	push	{r4, r5, r6, r7, r11, lr}
	subs	r11, r3, #0
	str	r12, [sp, #-24]!
	str	r0, [sp, #20]
	beq	.Lcost77
	lsl	r3, r11, #1
	mov	r7, r2
	add	r4, r1, r3
	mov	r6, r1
	str	r11, [sp, #8]
	mov	r1, #0
	mov	r0, r1
	mov	r2, r1
	mov	r11, r7
.Lcost79:
	ldr	r1, [sp, #20]
	mov	r5, #0
	str	r6, [sp, #4]
	add	r7, r1, r2, lsl #2
	str	r0, [sp, #12]
	str	r2, [sp, #16]
.Lcost82:
	add	r0, r11, r5, lsl #1
	mov	r1, #0
	ldr	r2, [sp, #4]
.Lcost80:
	bfi	r10, r2, #0, #20
	ldrsh	r6, [r10]
	add	r2, r2, #2
	bfi	r10, r0, #0, #20
	ldrh	lr, [r10]
	add	r0, r0, r3
	cmp	r4, r2
	smlabb	r1, r6, lr, r1
	bne	.Lcost80
	bfi	r10, r7, #0, #20
	str	r1, [r10]
	add	r7, r7, #4
	add	r2, r5, #1
	ldr	r1, [sp, #8]
	cmp	r1, r2
	movne	r5, r2
	bne	.Lcost82
.Lcost81:
	ldr	r0, [sp, #12]
	ldr	r6, [sp, #4]
	ldr	r2, [sp, #16]
	add	r1, r0, #1
	cmp	r5, r0
	ldr	r0, [sp, #8]
	add	r6, r6, r3
	add	r2, r2, r0
	add	r4, r4, r3
	movne	r0, r1
	bne	.Lcost79
.Lcost77:
	ldr	r12, [sp], #24
	pop	{r4, r5, r6, r7, r11, lr}
	bfi	r9, lr, #2, #18
	bx	r9
cost_code_end:
