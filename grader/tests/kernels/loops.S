@ Passes `begin` and `end` three times, 4 instructions apart and then 6 and 6; reports "end" under NONCE and switches off.
	.global _start, begin, end, same, never
_start:
	ldr	r1, =0x09000000
	mov	r3, #3
begin:	nop
same:
again:	nop
	cmp	r3, #3
	bne	longer
end:	nop
	subs	r3, r3, #1
	bne	begin
	adr	r2, text
1:	ldrb	r0, [r2], #1
	cmp	r0, #0
	strne	r0, [r1]
	bne	1b
	ldr	r0, =0x84000008
	hvc	#0
never:	b	.
longer:	nop
	b	end
text:	.asciz	NONCE
