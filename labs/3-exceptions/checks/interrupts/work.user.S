// Works for a while, with an interrupt after so many instructions of it; and again, with the interrupt one
// instruction later, until it has come between any two. What is in the registers then is told to the
// kernel, as is where the work lies. Once in A32 and once in Thumb: r0 of main() says which.

	.syntax	unified
	.text
	.global	main
	.type	main, %function
main:
	mov	r10, r0
	mov	r9, #0				// after how many
1:	mov	r0, r9
	ldr	r1, =start_a32
	ldr	r2, =start_thumb
	cmp	r10, #0
	moveq	r2, r1
	ldr	r11, =place
	str	r2, [r11]			// where to
	str	r9, [r11, #4]
	str	r10, [r11, #8]
	ldr	sp, =results
	ldr	lr, [r11]
	mov	r2, #1
	cmp	r9, #0
	beq	2f				// the first time without
	mcr	p15, 0, r9, c14, c2, 0		// CNTP_TVAL
	mcr	p15, 0, r2, c14, c2, 1		// CNTP_CTL
2:	bx	lr

.macro begin which
	.balign	4
start_\which:
	ldr	r0, =0x3243f6a8
	ldr	r1, =0x885a308d
	ldr	r2, =0x313198a2
	ldr	r3, =0xe0370734
	ldr	r4, =0x4a409382
	ldr	r5, =0x2299f31d
	ldr	r6, =0x0082efa9
	ldr	r7, =0x8ec4e6c8
	ldr	r8, =0x9452821e
	ldr	r9, =0x638d0137
	ldr	r10, =0x7be5466c
	ldr	r11, =data
	ldr	r12, =0x34e90c6c
	ldr	lr, =0xc0ac29b7
.endm

// Each instruction depends on what is before it: a register, flag, GE bit or byte order that an interrupt
// changes shows at the end.
.macro work
	adds	r0, r0, r1
	adcs	r2, r2, r0
	sbcs	r3, r3, r2
	uadd8	r4, r4, r0
	sel	r5, r4, r3
	qadd	r6, r7, r8
	qadd	r6, r6, r7
	ssub16	r7, r5, r6
	sel	r8, r8, r7
	setend	be
	ldr	r9, [r11]
	str	r8, [r11, #4]
	setend	le
	ldr	r10, [r11, #4]
	eors	r12, r12, r9
	rrxs	r1, r12
	rrxs	lr, lr
	umull	r0, r2, r10, r1
	cmp	r0, r2
	ite	hi
	addhi	r3, r3, #1
	addls	r3, r3, #3
	tst	lr, #4
	mrs	r4, apsr
	stmdb	sp, {r4, r12}
	ldrd	r8, r9, [sp, #-8]
	eor	r5, r5, r8
.endm

.macro finish
	adds	r6, r6, r3
	stmia	sp, {r0-r12}
	str	lr, [sp, #52]
	mrs	r0, apsr
	str	r0, [sp, #56]
	mov	r0, sp
	mov	r7, #40
	svc	#0				// (results)
.endm

	begin	a32
	.rept	4
	work
	.endr
	finish
	ldr	lr, =over
	bx	lr
	.ltorg

	.thumb
	.thumb_func
	begin	thumb
	adds	r0, r0, r1
	itett	cs
	adccs	r2, r2, r0
	addcc	r2, r2, #7
	eorcs	r3, r3, r2
	rorcs	r3, r3, r0
	subs	r4, r4, r3
	ite	mi
	addmi	r5, r5, r4
	subpl	r5, r5, r3
	.rept	4
	work
	.endr
	finish
	ldr	lr, =over
	bx	lr
	.ltorg
	.arm

over:						// r0: 0 to go on
	ldr	r11, =place
	ldr	r9, [r11, #4]
	ldr	r10, [r11, #8]
	add	r9, r9, #1
	cmp	r0, #0
	beq	1b
	mov	r7, #2
	svc	#0

	.data
	.balign	8
data:
	.word	0x12345678, 0, 0, 0
place:
	.space	12
	.space	64
	.balign	8
results:
	.space	64
