// Back to what was interrupted, without the kernel (libos/upcall.h).

#include <exo/arm.h>
#include <exo/upcall.h>
#include <exo/syscall.h>
#include <exo/todo.h>

	.text

// `slot` is where the slot ends and `r7` where SYS_RESUME finds r7, both from USER_TOP; `number` is the slot's, for
// SYS_RESUME.
.macro resume slot, r7, number
	// TODO 4.2: what user mode can restore, then the slot free, then the rest by one LDM; else SYS_RESUME.
	todo("4.2")
.endm

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
