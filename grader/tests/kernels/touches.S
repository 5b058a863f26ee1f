@ Twice from `begin` to `end`, with accesses between, before and behind them: of a word, a halfword, a byte and two words
@ by STM, and of what is not watched, from 0x40300010 on; reports "end" under NONCE and switches off.
	.global _start, begin, end
_start:
	ldr	r6, =0x40300000
	mov	r3, #2
	str	r3, [r6]
begin:	ldr	r0, [r6]
	ldrh	r0, [r6, #4]
	stmia	r6, {r0, r1}
	strb	r0, [r6, #15]
	str	r0, [r6, #16]
	ldr	r0, [r6, #16]
	cmp	r3, #1
	ldreq	r0, [r6, #8]
end:	ldr	r0, [r6]
	subs	r3, r3, #1
	bne	begin
	ldr	r1, =0x09000000
	adr	r2, text
1:	ldrb	r0, [r2], #1
	cmp	r0, #0
	strne	r0, [r1]
	bne	1b
	ldr	r0, =0x84000008
	hvc	#0
	b	.
text:	.asciz	NONCE
