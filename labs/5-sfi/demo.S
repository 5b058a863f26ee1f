// A module as somebody types it who wants more than he may have: each word, as text, and what is wrong with it.

.macro a instruction, why
	.pushsection .rodata.str, "a"
1:	.asciz	"\instruction"
2:	.asciz	"\why"
	.popsection
	\instruction
	.word	1b, 2b
.endm

	.section .rodata
	.balign	4
	.global	typed, typed_end
typed:	a	"str r1, [r0, #8]", "r0 points anywhere"
	a	"bfi r10, r0, #0, #20", "now r10 points into the data segment, whatever r0 was"
	a	"str r1, [r10, #8]", "so this stays there"
	a	"str r1, [r10, #8]!", "and this would move r10"
	a	"str r1, [r8, #1 << 2]", "pin 0, which is the owner's"
	a	"str r1, [r8, #2 << 2]", "pin 1, which is not"
	a	"bx lr", "the module may have written lr"
	a	"msr cpsr_c, r1", "interrupts off, and another mode"
	a	"mcr p15, 0, r1, c2, c0, 0", "page tables of its own"
typed_end:
