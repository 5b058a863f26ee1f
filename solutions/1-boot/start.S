// From reset to C (exo/boot.h): the mode, the core, the stacks, then the rest of the kernel.
// Nothing works yet when this starts: no stack, no known register, no .bss. It runs once.

#include <exo/arm.h>
#include <exo/boot.h>
#include <exo/todo.h>

	.text

	.global	_start
	.type	_start, %function
_start:
	// Step 1.1: SVC mode, everything masked, core 0 alone.
	// BEGIN SOLUTION 1.1
	// An exception return is the only way out of HYP mode: "return" to the next line, in SVC mode with everything masked.
	mrs	r0, cpsr
	and	r1, r0, #PSR_M
	cmp	r1, #PSR_M_HYP
	bne	1f
	ldr	r1, =(PSR_M_SVC | PSR_A | PSR_I | PSR_F)
	msr	spsr_cxsf, r1			// SPSR_hyp
	ldr	r1, =1f
	msr	elr_hyp, r1
	eret
1:
	cpsid	aif, #PSR_M_SVC

	mrc	p15, 0, r0, c0, c0, 5		// MPIDR
	tst	r0, #MPIDR_AFF0
	beq	2f
park:	wfi					// an interrupt may end it, so once more
	b	park
2:
	// INSTEAD
	//| todo("1.1")
	// END SOLUTION

	bl	boot_stacks
	bl	boot_bss

	// Step 1.3: into C, where a backtrace ends.
	// BEGIN SOLUTION 1.3a
	mov	r11, #0
	mov	lr, #0
	b	kmain
	// INSTEAD
	//| todo("1.3")
	// END SOLUTION
	.size	_start, . - _start

	.global	boot_stacks
	.type	boot_stacks, %function
boot_stacks:
	// Step 1.2: each mode has an sp of its own; visit the mode to set it. System's is User's too.
	// BEGIN SOLUTION 1.2
	cps	#PSR_M_UND
	ldr	sp, =__und_stack_top
	cps	#PSR_M_ABT
	ldr	sp, =__abt_stack_top
	cps	#PSR_M_IRQ
	ldr	sp, =__irq_stack_top
	cps	#PSR_M_FIQ
	ldr	sp, =__fiq_stack_top
	cps	#PSR_M_SYS
	ldr	sp, =__sys_stack_top
	cps	#PSR_M_SVC
	ldr	sp, =__svc_stack_top		// SVC comes last: lr is banked too
	bx	lr
	// INSTEAD
	//| todo("1.2")
	// END SOLUTION
	.size	boot_stacks, . - boot_stacks
