// The exception vectors (exo/trap.h): from whatever was interrupted into C, and back. Each
// exception has its own way of saying where it came from; behind that they are all alike.

#include <exo/arm.h>
#include <exo/register.h>
#include <exo/syscall.h>
#include <exo/todo.h>
#include <exo/trap.h>

	.text

// BEGIN SOLUTION 3.2a
// The kernel's own mistake is told by the crash vectors, which want to see it untouched. The mode's own sp is scratch: nothing is
// ever pushed there.
.macro from_user vector
	mrs	sp, spsr
	tst	sp, #0xf			// user mode is 0x10
	bne	crash_vectors + 4 * \vector
.endm

// From here on it is SVC mode, everything masked, and a frame of what the application had is at sp.
.macro save
	srsdb	sp!, #PSR_M_SVC			// lr and spsr: where it goes on, and how
	cpsid	aif, #PSR_M_SVC
	sub	sp, sp, #TF_PC
	stm	sp, {r0-r14}^			// sp and lr are User's
.endm

.macro restore
	ldm	sp, {r0-r14}^
	add	sp, sp, #TF_PC
	rfeia	sp!
.endm

	.balign	32
	.global	trap_vectors
trap_vectors:
	b	crash_vectors
	b	undefined
	b	svc
	b	prefetch_abort
	b	data_abort
	b	crash_vectors + 4 * 5
	b	irq
	b	crash_vectors + 4 * 7

undefined:
	from_user TRAP_UNDEFINED
	tst	sp, #PSR_T
	subeq	lr, lr, #4
	subne	lr, lr, #2
	save
	mov	r1, #TRAP_UNDEFINED
	b	1f

prefetch_abort:
	from_user TRAP_PREFETCH_ABORT
	sub	lr, lr, #4
	save
	mov	r1, #TRAP_PREFETCH_ABORT
	b	1f

data_abort:
	from_user TRAP_DATA_ABORT
	sub	lr, lr, #8
	save
	mov	r1, #TRAP_DATA_ABORT
1:	mov	r0, sp
	bl	trap
	restore

svc:
// END SOLUTION
// BEGIN SOLUTION 3.4c
	// The one that has nothing to save is answered on the spot.
	cmp	r7, #SYS_NULL
	moveq	r0, #0
	moveqs	pc, lr
// END SOLUTION
// BEGIN SOLUTION 3.2c
	save
	mov	r0, sp
	bl	trap_svc
	restore

// From user mode, or from where the kernel sleeps; there the frame's sp and lr are SVC's own.
irq:	sub	lr, lr, #4
	save
	ldr	r0, [sp, #TF_CPSR]
	tst	r0, #0xf
	bne	2f
	mov	r0, sp
	bl	trap_irq
	restore
2:	add	r0, sp, #TF_SIZE
	str	r0, [sp, #TF_SP]
	str	lr, [sp, #TF_LR]
	mov	r0, sp
	bl	trap_irq
	ldr	lr, [sp, #TF_LR]
	ldm	sp, {r0-r12}
	add	sp, sp, #TF_PC
	rfeia	sp!
// INSTEAD
//| 	.balign	32
//| 	.global	trap_vectors
//| trap_vectors:
//| 	b	crash_vectors
//| 	b	1f				// TODO 3.2: each exception its own
//| 	b	1f
//| 	b	1f
//| 	b	1f
//| 	b	crash_vectors + 4 * 5
//| 	b	1f
//| 	b	crash_vectors + 4 * 7
//| 1:	todo("3.2")
// END SOLUTION
