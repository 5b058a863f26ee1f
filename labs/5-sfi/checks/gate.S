// A caller that shows what module_enter() keeps, and a "module" in the kernel's text that tells all it finds.

#include <exo/arm.h>
#include <exo/module.h>
#include <exo/register.h>
#include <exo/trap.h>

	.text
	.balign	32
	.global	gate_vectors
gate_vectors:
	b	crash_vectors
	b	crash_vectors + 4
	b	crash_vectors + 8
	b	2f
	b	3f
	b	crash_vectors + 20
	b	1f
	b	crash_vectors + 28

// An interrupt, the only one: where it came, and in which state.
1:	ldr	sp, =gate_told
	ldr	sp, [sp]
	str	r0, [sp, #124]
	sub	r0, lr, #4
	str	r0, [sp, #68]
	mrs	r0, spsr
	str	r0, [sp, #72]
	mov	r0, #0
	mcr	p15, 0, r0, c14, c2, 1		// CNTP_CTL
	isb
	ldr	r0, [sp, #76]
	add	r0, r0, #1
	str	r0, [sp, #76]
	ldr	r0, [sp, #124]
	subs	pc, lr, #4

// An abort: where it runs in user mode, all that there is to tell.
.macro user vector
	mrs	sp, spsr
	tst	sp, #0xf			// user mode is 0x10
	bne	crash_vectors + 4 * \vector
.endm

2:	user	TRAP_PREFETCH_ABORT
3:	user	TRAP_DATA_ABORT
	ldr	sp, =gate_told
	ldr	sp, [sp]
	mrs	r0, spsr
	str	r0, [sp, #60]
	mov	r0, sp
	b	leave

// int gate_call(m, args, result): with *gate_kept's words in r4 to r11, User's sp and lr, and flags; behind the
// call, what is there then is put in their place, with sp before and after, and CPSR.
	.global	gate_call
	.type	gate_call, %function
gate_call:
	push	{r3-r11, lr}
	ldr	r12, =gate_kept
	ldr	r12, [r12]
	ldr	r3, [r12, #40]
	msr	cpsr_fs, r3
	mrs	r3, cpsr
	msr	spsr_cxsf, r3
	cps	#PSR_M_SYS
	ldr	sp, [r12, #32]
	ldr	lr, [r12, #36]
	cps	#PSR_M_SVC
	str	sp, [r12, #44]
	mov	r3, r2
	mov	r2, r1
	ldr	r1, =gate_probe
	ldm	r12, {r4-r11}
	bl	module_enter
	ldr	r12, =gate_kept
	ldr	r12, [r12]
	stm	r12, {r4-r11}
	mrs	r1, cpsr
	str	r1, [r12, #52]
	cpsid	aif, #PSR_M_SVC
	str	sp, [r12, #48]
	ldr	sp, [r12, #44]			// where it has to be, wherever it is
	cps	#PSR_M_SYS
	str	sp, [r12, #32]
	str	lr, [r12, #36]
	cps	#PSR_M_SVC
	pop	{r3-r11, pc}
	.size	gate_call, . - gate_call

// The module: its registers, CPSR and SVC's sp into *gate_told; then, with junk in every register, on to C.
	.global	gate_probe
gate_probe:
	mcr	p15, 0, r0, c13, c0, 2		// TPIDRURW
	ldr	r0, =gate_told
	ldr	r0, [r0]
	stm	r0, {r0-r14}
	mrs	r1, cpsr
	str	r1, [r0, #60]
	mrc	p15, 0, r1, c13, c0, 2
	str	r1, [r0]
	ldr	r1, =0xbad0bad0
	mov	r2, r1
	mov	r3, r1
	mov	r4, r1
	mov	r5, r1
	mov	r6, r1
	mov	r7, r1
	mov	r8, r1
	mov	r9, r1
	mov	r10, r1
	mov	r12, r1
	mov	sp, r1
	mov	lr, r1
leave:	cpsid	aif, #PSR_M_SVC
	str	sp, [r0, #64]
	mov	r11, sp
	bic	sp, sp, #7
	bl	gate_next			// another case, within this one
	mov	sp, r11
	mov	r11, #0
	ldr	r1, [r0, #4]
	ldr	r0, [r0]
	bl	module_leave
	.ltorg
	.size	gate_probe, . - gate_probe

	.bss
	.balign	4
	.global	gate_told, gate_kept
gate_told:
	.space	4
gate_kept:
	.space	4
