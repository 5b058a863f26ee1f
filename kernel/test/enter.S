// Enters any address in any state, as the parameter block's input says: pairs of words for
// memory, further bits for the system control register, the CPSR, r0 to pc. Linked without any
// lab this is where a kernel begins, without a stack and with junk in .bss: crashes and todo()
// have to work there too. Behind it are places worth entering.

#include <exo/arm.h>
#include <exo/board.h>
#include <exo/params.h>
#include <exo/todo.h>

	.arch_extension virt
	.text

	.global	enter
	.weak	_start				// where there is no lab that has one
	.type	enter, %function
	.type	_start, %function
enter:
_start:
	ldr	r0, =(BOARD_PARAMS_PA + PARAMS_INPUT)
	ldr	r1, [r0], #4			// how many pairs: address, word to store there
1:	subs	r1, r1, #1
	ldmpl	r0!, {r2, r3}
	strpl	r3, [r2]
	bpl	1b
	ldm	r0!, {r2, r3}
	mrc	p15, 0, r1, c1, c0, 0		// SCTLR
	orr	r1, r1, r2
	mcr	p15, 0, r1, c1, c0, 0
	isb
	msr	cpsr_fsxc, r3
	ldm	r0, {r0-r12, sp, lr, pc}
	.size	enter, . - enter

// NAME in A32 and NAME_thumb in Thumb: one instruction.
.macro place name, instruction
	.arm
	.global	\name
	.type	\name, %function
\name:	\instruction
	b	.
	.thumb
	.global	\name\()_thumb
	.type	\name\()_thumb, %function
\name\()_thumb:
	\instruction
	b	.
	.arm
	.balign	4
.endm

	place	do_undefined, "udf #0"
	place	do_svc, "svc #0"
	place	do_read, "ldr r0, [r1]"
	place	do_write, "str r0, [r1]"
	place	do_jump, "bx r2"
	place	do_hvc, "hvc #0"

// An interrupt that is pending already is taken between the two instructions.
.macro open name, masks
	.arm
	.type	\name, %function
	.global	\name
\name:	cpsie	\masks
	.type	\name\()_taken, %function
	.global	\name\()_taken
\name\()_taken:
	b	.
	.thumb
	.global	\name\()_thumb
	.type	\name\()_thumb, %function
\name\()_thumb:
	cpsie	\masks
	.global	\name\()_thumb_taken
	.type	\name\()_thumb_taken, %function
\name\()_thumb_taken:
	b	.
	.arm
	.balign	4
.endm

	open	do_irq, i
	open	do_fiq, f

	.global	do_todo
	.type	do_todo, %function
do_todo:
#line 1 "starter/1-boot/start.S"
	todo("1.2")
