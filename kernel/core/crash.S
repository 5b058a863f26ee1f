// The crash vectors: any exception that nobody else takes ends here, is told by crash_report()
// and ends the run. They need no stack, no .bss and no mode in particular, and a crash within a
// crash powers off.

#include <exo/arm.h>
#include "crash.h"

	.text

// One exception's entry: every register into the crash frame, its vector into r0. The mode's own
// sp is kept in TPIDRPRW meanwhile.
.macro crash vector
	mcr	p15, 0, sp, c13, c0, 4		// TPIDRPRW
	ldr	sp, =__frame_stack_top - CRASH_SIZE
	stm	sp, {r0-r12}
	mov	r0, #\vector
	b	crash_common
.endm

	.balign	32
	.global	crash_vectors
crash_vectors:
	b	crash_0
	b	crash_1
	b	crash_2
	b	crash_3
	b	crash_4
	b	crash_5
	b	crash_6
	b	crash_7

crash_0: crash 0
crash_1: crash 1
crash_2: crash 2
crash_3: crash 3
crash_4: crash 4
crash_5: crash 5
crash_6: crash 6
crash_7: crash 7
	.ltorg

crash_common:
	mrc	p15, 0, r1, c13, c0, 4		// TPIDRPRW: this mode's sp
	mrs	r2, cpsr
	cmp	r0, #0				// a jump is no exception: nothing was saved
	moveq	r3, r2
	mrsne	r3, spsr
	mov	r4, sp
	str	r0, [r4, #CRASH_VECTOR]
	str	r1, [r4, #CRASH_SP]
	str	lr, [r4, #CRASH_LR]
	str	lr, [r4, #CRASH_RETURN]
	str	r2, [r4, #CRASH_CPSR]
	str	r3, [r4, #CRASH_SPSR]

	// From here on a crash is a crash within a crash. In HYP mode the address is in ELR_hyp,
	// and SVC mode, which an HVC comes from, cannot be visited.
	ldr	r0, =crash_again_vectors
	and	r5, r2, #PSR_M
	and	r6, r3, #PSR_M
	cmp	r5, #PSR_M_HYP
	bne	1f
	mcr	p15, 4, r0, c12, c0, 0		// HVBAR
	mrs	r0, elr_hyp
	str	r0, [r4, #CRASH_RETURN]
	cmp	r6, #PSR_M_SVC
	bne	2f
	mrs	r0, sp_svc
	str	r0, [r4, #CRASH_SP]
	mrs	r0, lr_svc
	str	r0, [r4, #CRASH_LR]
	b	2f
1:	mcr	p15, 0, r0, c12, c0, 0		// VBAR

	// What the interrupted mode has of its own: sp and lr; in FIQ mode, from r8 on. User's
	// are seen from System mode.
	cmp	r6, r5
	beq	2f
	cmp	r6, #PSR_M_USR
	moveq	r6, #PSR_M_SYS
	orr	r6, r6, #(PSR_A | PSR_I | PSR_F)
	msr	cpsr_c, r6
	add	r7, r4, #CRASH_R8
	stm	r7, {r8-r12, sp, lr}
	orr	r5, r5, #(PSR_A | PSR_I | PSR_F)
	msr	cpsr_c, r5

2:	mov	r0, r4
	mov	r11, #0
	bl	crash_report
	mrc	p15, 0, sp, c13, c0, 4		// as it was: run_end shows every mode's sp
	b	run_end

	.balign	32
crash_again_vectors:
	.rept	8
	b	run_off_again
	.endr
run_off_again:
	ldr	sp, =__frame_stack_top
	b	run_off
	.ltorg
