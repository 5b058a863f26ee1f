// Before the kernel's entry: every register of every mode, and every SPSR, is filled from the
// parameter block's input, as many words as it takes, and all exceptions are let through. In HYP
// mode, which can reach no other mode's registers without leaving, only its own.

#include <exo/arm.h>
#include <exo/board.h>
#include <exo/params.h>

	.text

	.global	reset
	.type	reset, %function
reset:
	ldr	r0, =(BOARD_PARAMS_PA + PARAMS_INPUT)
	mrs	r1, cpsr
	and	r2, r1, #PSR_M
	cmp	r2, #PSR_M_HYP
	ldreq	r1, [r0, #64]
	msreq	spsr_cxsf, r1			// SPSR_hyp
	beq	1f
	.irp	mode, PSR_M_FIQ, PSR_M_IRQ, PSR_M_ABT, PSR_M_UND, PSR_M_SYS, PSR_M_SVC
	cps	#\mode
	ldm	r0!, {r8-r12, sp, lr}		// r8 to r12 are FIQ's own in that mode
	.if	\mode != PSR_M_SYS
	msr	spsr_cxsf, r8
	.endif
	.endr
1:	cpsie	aif
	ldr	r1, [r0, #60]
	msr	cpsr_f, r1			// N Z C V Q
	ldm	r0, {r0-r12, sp, lr}
	b	entry
	.size	reset, . - reset
