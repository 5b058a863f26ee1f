// Back to what was interrupted, without the kernel (libos/upcall.h).

#include <exo/arm.h>
#include <exo/upcall.h>
#include <exo/syscall.h>
#include <exo/todo.h>

	.text

// BEGIN SOLUTION 4.2b
// Flags by MSR, and all registers with the pc by one LDM, once the slot is free: until then nothing may fault, behind
// it nothing can. What an MSR in user mode does not write is left to the kernel, but for T, which a pc can say.
.macro resume slot, r7, number
	mov	r0, #USER_TOP
.if \slot
	sub	r0, r0, #-\slot
.endif
	ldr	r1, [r0, #SAVE_CPSR]
	ldr	r2, =0x0700fe20			// IT, J, E, T
	tst	r1, r2
	bne	2f
1:	msr	cpsr_fs, r1
	mov	r2, #0
	str	r2, [r0, #SAVE_CPSR]
	ldmdb	r0, {r0-r2, pc}
2:	bic	r2, r2, #PSR_T
	tst	r1, r2
	ldreq	r2, [r0, #-4]			// T alone: a pc says that too
	orreq	r2, r2, #1
	streq	r2, [r0, #-4]
	beq	1b
	str	r7, [r0, #\r7 - (\slot)]
	mov	r0, #\number
	mov	r7, #SYS_RESUME
	svc	#0
	udf	#0
	.ltorg
.endm
// INSTEAD
//| // `slot` is where the slot ends and `r7` where SYS_RESUME finds r7, both from USER_TOP; `number` is the slot's, for
//| // SYS_RESUME.
//| .macro resume slot, r7, number
//| 	// TODO 4.2: what user mode can restore, then the slot free, then the rest by one LDM; else SYS_RESUME.
//| 	todo("4.2")
//| .endm
// END SOLUTION

	.global	resume_exception
	.type	resume_exception, %function
resume_exception:
	resume	0, SAVE_R7, 0
	.size	resume_exception, . - resume_exception

	.global	resume_slice
	.type	resume_slice, %function
resume_slice:
	resume	SAVE_SLICE, SAVE_SLICE_R7, 1
	.size	resume_slice, . - resume_slice
