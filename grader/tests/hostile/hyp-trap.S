// From HYP mode, where it starts there, it switches on a second translation, of nothing.
//
// file: start.S
// holds: 200
// check reset: fail, *

#include <exo/arm.h>

	.text
	.global	_start, boot_stacks
_start:
	mrs	r0, cpsr
	and	r0, r0, #PSR_M
	cmp	r0, #PSR_M_HYP
	bne	1f
	mov	r0, #0
	mcrr	p15, 6, r0, r0, c2		// VTTBR
	mov	r0, #1
	mcr	p15, 4, r0, c1, c1, 0		// HCR.VM
	isb
	ldr	r1, =(PSR_M_SVC | PSR_A | PSR_I | PSR_F)
	msr	spsr_cxsf, r1
	ldr	r1, =1f
	msr	elr_hyp, r1
	eret
1:	cpsid	aif, #PSR_M_SVC
	b	boot_stacks
boot_stacks:
	b	.
