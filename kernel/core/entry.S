// The first instructions of all: point the vectors at the crash handlers, so that nobody debugs
// blind, then leave the rest to the student's _start (exo/boot.h). Changes r12 and the flags,
// nothing else.

#include <exo/arm.h>

	.section .text.entry, "ax"
	.global	entry
	.type	entry, %function
entry:
	mrs	r12, cpsr
	and	r12, r12, #PSR_M
	cmp	r12, #PSR_M_HYP
	ldr	r12, =crash_vectors
	mcr	p15, 0, r12, c12, c0, 0		// VBAR
	mcreq	p15, 4, r12, c12, c0, 0		// HVBAR, where HYP has vectors of its own
	b	_start
	.size	entry, . - entry
