// The end of a run. Each mode is visited once, with nothing touched, so that the grader, which
// holds the core at the labels, sees each mode's stack pointer as the run left it; then
// run_off() (out.c) powers off, on the framework's stack, below a crash frame that may be there.

#include <exo/arm.h>
#include "crash.h"

	.text

// The label is where a translation block begins, so that QEMU's view of the registers is exact
// there.
.macro visit name, mode
	cps	#\mode
	.global	run_end_\name
run_end_\name:
	nop
.endm

	.global	run_end
	.type	run_end, %function
run_end:
	mrs	r0, cpsr
	and	r0, r0, #PSR_M
	cmp	r0, #PSR_M_HYP			// never left: there are no banked registers to show
	beq	1f
	cpsid	aif
	visit	fiq, PSR_M_FIQ
	visit	irq, PSR_M_IRQ
	visit	abt, PSR_M_ABT
	visit	und, PSR_M_UND
	visit	sys, PSR_M_SYS
	visit	svc, PSR_M_SVC
1:	ldr	sp, =__frame_stack_top - CRASH_SIZE
	b	run_off
	.size	run_end, . - run_end
