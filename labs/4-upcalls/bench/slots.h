// The first 2 KB of every program of the bench: what is counted, 16 bytes each, at addresses that ../bench.S gives
// names to. Begin is the third instruction, end the fourth. A program has its own quarter, so that no address means
// two things.

	.section .text.start, "ax"

.macro slots quarter
	.org	0x200 * \quarter
.endm

// A function of that name: one instruction, with r7 as said.
.macro slot name, r7, instruction:vararg
	.balign	16
	.global	\name
	.type	\name, %function
\name:	push	{r7, lr}
	mov	r7, #\r7
	\instruction
	pop	{r7, pc}
	.size	\name, . - \name
.endm

.macro slots_end
	.org	0x800
.endm
