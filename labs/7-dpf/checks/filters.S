// uint32_t ask(const uint8_t *frame, uint32_t size, dpf_classifier *f): what f says; ~0 if it does not leave r4 to r11, or sp, as
// they were. From classify_begins to classify_ended the grader counts: a call, and f.

	.syntax	unified
	.text
	.global	ask
	.type	ask, %function
ask:
	push	{r3-r11, lr}
	mov	r4, #4
	mov	r5, #5
	mov	r6, #6
	mov	r7, #7
	mov	r8, #8
	mov	r9, #9
	mov	r10, #10
	mov	r11, sp
	.global	classify_begins
classify_begins:
	blx	r2
	.global	classify_ended
classify_ended:
	cmp	r4, #4
	cmpeq	r5, #5
	cmpeq	r6, #6
	cmpeq	r7, #7
	cmpeq	r8, #8
	cmpeq	r9, #9
	cmpeq	r10, #10
	cmpeq	r11, sp
	mvnne	r0, #0
	pop	{r3-r11, pc}
	.size	ask, . - ask
