@ Every form of instruction that needs a guard, and places where a guard must not be shared, as a compiler might write
@ them: rewritten like what GCC writes. run(seed) adds up in r0 what each comes to; see modules.py.
	.syntax unified
	.text
	.align	2
	.global	run
	.type	run, %function
run:
	push	{r4, r5, r6, r7, fp, lr}
	movw	r4, #:lower16:words
	movt	r4, #:upper16:words
	str	r0, [r4]
	@ a base moves only where the condition holds
	mov	r5, r4
	cmp	r4, r4
	ldrne	r1, [r5], #4
	ldreq	r1, [r5, #4]!
	strne	r1, [r5, #8]!
	add	r0, r0, r1
	sub	r6, r5, r4
	add	r0, r0, r6, lsl #4
	@ several registers
	ldmia	r5!, {r1, r2}
	stmdb	r5, {r1, r2}
	ldmdb	r5!, {r3}
	ldmib	r5, {r6, r7}
	add	r0, r0, r1
	add	r0, r0, r2, lsl #2
	add	r0, r0, r3, lsl #3
	add	r0, r0, r6, lsl #4
	eor	r0, r0, r7
	sub	r6, r5, r4
	add	r0, r0, r6, lsl #8
	@ a register as index; a sum whose parts change
	mov	r2, #3
	ldr	r1, [r4, r2, lsl #2]
	str	r1, [r4, r2, lsl #3]
	mov	r2, #5
	ldr	r3, [r4, r2, lsl #2]
	add	r0, r0, r1
	add	r0, r0, r3, lsl #1
	ldr	r3, [r4, -r2, lsl #2]
	eor	r0, r0, r3
	ldr	r3, [r4], r2, lsl #2
	ldr	r1, [r4, #4]
	add	r0, r0, r3
	add	r0, r0, r1, lsl #5
	sub	r4, r4, r2, lsl #2
	@ parts of words, and two words
	strh	r0, [r4, #6]
	ldrsb	r1, [r4, #7]
	ldrsh	r2, [r4, #6]
	ldrb	r3, [r4, #6]
	add	r0, r0, r1
	add	r0, r0, r2, lsl #3
	eor	r0, r0, r3
	strd	r0, r1, [r4, #8]
	ldrd	r2, r3, [r4, #8]
	add	r0, r0, r2
	eor	r0, r0, r3
	@ immediates that no computation has
	add	r6, r4, #4096
	str	r0, [r6, #-4084]!
	ldr	r1, [r6], #1020
	ldr	r2, [r6, #-1020]
	add	r0, r0, r1, ror #7
	eor	r0, r0, r2
	@ over a call, by whichever way
	ldr	r1, [r4, #20]
	bl	other
	ldr	r2, [r4, #24]
	movw	r3, #:lower16:other
	movt	r3, #:upper16:other
	add	r0, r0, r1
	eor	r0, r0, r2
	ldr	r6, [r4, #20]
	blx	r3
	ldr	r2, [r4, #28]
	add	r0, r0, r6
	eor	r0, r0, r2
	@ over a label that is reached from two places
	add	r6, r4, #5120
	ldr	r1, [r6]
	cmp	r4, r4
	beq	.L1
	ldr	r1, [r4]
.L1:
	ldr	r2, [r4, #12]
	add	r0, r0, r2, lsl #1
	@ in a loop whose base is another each time
	mov	r5, #4
	mov	r6, r4
.L2:
	ldr	r1, [r6]
	add	r0, r0, r1
	ldr	r6, [r6, #4092]
	subs	r5, r5, #1
	addne	r6, r4, r5, lsl #3
	bne	.L2
	@ through memory, with a sum at the end
	mov	r5, r4
	add	r6, r4, #40
.L3:
	ldr	r1, [r5], #4
	add	r0, r1, r0, ror #3
	cmp	r5, r6
	bne	.L3
	@ the stack: near, far, and by how much is known at run time
	sub	sp, sp, #16
	str	r0, [sp, #12]
	add	fp, sp, #16
	ldr	r1, [fp, #-4]
	sub	sp, sp, #8192
	str	r1, [sp, #4]
	and	r2, r0, #24
	sub	sp, sp, r2
	str	r0, [sp, #-8]!
	add	r2, r2, #8
	ldr	r1, [sp, r2]
	ldr	r3, [sp], #8
	sub	sp, fp, #16
	add	r0, r0, r3
	ldr	r1, [sp, #12]
	add	r0, r0, r1
	add	sp, sp, #16
	@ a switch
	and	r1, r0, #3
	cmp	r1, #2
	ldrls	pc, [pc, r1, asl #2]
	b	.L7
.L8:
	.word	.L4
	.word	.L5
	.word	.L6
.L4:
	add	r0, r0, #77
.L5:
	add	r0, r0, r0, lsl #7
.L6:
	ldr	r1, .L9
	eor	r0, r0, r1
.L7:
	bl	more
	@ returns that are none
	cmp	r4, r4
	bxne	lr
	popne	{r4, r5, r6, r7, fp, pc}
	pop	{r4, r5, r6, r7, fp, pc}
.L9:
	.word	0x12345678
	.size	run, .-run

	@ r0 is added to; r4 points to words
	.align	2
	.type	more, %function
more:
	push	{r5, r6, r7, fp, lr}
	add	fp, sp, #16
	@ a sum that no register has, where the condition does not hold, and then where there is none
	mov	r2, #7
	cmp	r4, r4
	ldrne	r1, [r4, r2, lsl #2]
	ldr	r3, [r4, r2, lsl #2]
	add	r0, r0, r3
	mov	r2, #9
	strne	r0, [r4, r2, lsl #3]
	ldr	r3, [r4, r2, lsl #3]
	eor	r0, r0, r3
	@ a base, then a sum, then the base again
	ldr	r1, [r4]
	ldr	r3, [r4, r2, lsl #4]
	ldr	r1, [r4, #8]
	add	r0, r0, r3
	add	r0, r0, r1, lsl #3
	@ far down the stack and back, with a base before and behind
	mov	r6, sp
	ldr	r1, [r4, #32]
	sub	sp, sp, #8192
	ldr	r3, [r4, #36]
	sub	r6, r6, sp
	add	r0, r0, r6, lsl #3
	add	r0, r0, r1
	eor	r0, r0, r3
	add	sp, sp, #8192
	ldr	r3, [r4, #40]
	add	r0, r0, r3, ror #3
	@ the stack, where the condition does not hold
	mov	r6, sp
	cmp	r4, r4
	subne	sp, sp, r2
	subne	sp, sp, #64
	subne	sp, sp, #8192
	sub	r6, r6, sp
	add	r0, r0, r6, lsl #5
	@ several registers, where it does not
	mov	r1, #3
	mov	r3, #5
	cmp	r4, r4
	ldmne	r4, {r1, r3}
	stmne	r4, {r1, r3}
	add	r0, r0, r1, lsl #8
	add	r0, r0, r3, lsl #9
	ldr	r1, [r4]
	eor	r0, r0, r1
	@ an immediate that is no computation's, behind
	mov	r6, r4
	ldrb	r1, [r6], #1021
	ldrb	r3, [r6]
	add	r0, r0, r1
	add	r0, r0, r3, lsl #4
	@ a return from the stack, and a call that does not come back here
	mov	r6, sp
	bl	pops
	sub	r6, r6, sp
	add	r0, r0, r6, lsl #7
	bl	tail
	add	r0, r0, #9
	sub	sp, fp, #16
	pop	{r5, r6, r7, fp, pc}
	.size	more, .-more

	.align	2
	.type	pops, %function
pops:
	str	lr, [sp, #-4]!
	bl	other
	ldr	pc, [sp], #4
	.size	pops, .-pops

	.align	2
	.type	tail, %function
tail:
	movw	r3, #:lower16:where
	movt	r3, #:upper16:where
	ldr	pc, [r3]
	.size	tail, .-tail

	.align	2
	.type	other, %function
other:
	movw	r3, #:lower16:words+8000
	movt	r3, #:upper16:words+8000
	ldr	r1, [r3]
	ldr	r2, [r3, #4]
	add	r0, r0, r1
	eor	r0, r0, r2
	bx	lr
	.size	other, .-other

	.section .calls, "a"
	.word	run

	.data
	.align	3
where:
	.word	other, 0
	.space	64
words:
	.word	0x10203040, 0x11213141, 0x12223242, 0x13233343, 0x14243444, 0x15253545, 0x16263646, 0x17273747
	.word	0x18283848, 0x19293949, 0x1a2a3a4a, 0x1b2b3b4b, 0x1c2c3c4c, 0x1d2d3d4d, 0x1e2e3e4e, 0x1f2f3f4f
	.fill	500, 4, 0x01020304
	.fill	500, 4, 0x05060708
	.fill	500, 4, 0x090a0b0c
	.fill	600, 4, 0x0d0e0f10
