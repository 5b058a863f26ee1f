// Lets the other cores print for ever, in the check's name.
//
// file: start.S
// check cores: fail, *

#include <exo/arm.h>

	.text
	.global	_start, boot_stacks
	.type	boot_stacks, %function
_start:
	cpsid	aif, #PSR_M_SVC
	mrc	p15, 0, r0, c0, c0, 5		// MPIDR
	tst	r0, #MPIDR_AFF0
	bne	1f
	bl	boot_stacks
	bl	boot_bss
	mov	r11, #0
	mov	lr, #0
	b	kmain
1:	ldr	r1, =0x09000000
	mov	r0, #'x'
2:	str	r0, [r1]
	wfe
	b	2b
boot_stacks:
	ldr	sp, =__svc_stack_top
	bx	lr
