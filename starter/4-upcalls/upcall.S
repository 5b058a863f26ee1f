// The vectors while environments run (exo/env.h): a fault goes to the application's own handler, in at most
// 18 instructions; the rest goes to lab 3's vectors.

#include <exo/arm.h>
#include <exo/env.h>
#include <exo/error.h>
#include <exo/register.h>
#include <exo/syscall.h>
#include <exo/todo.h>
#include <exo/trap.h>

	.text

	.balign	32
	.global	upcall_vectors
upcall_vectors:
	b	crash_vectors
	b	undefined
	b	svc
	b	prefetch_abort
	b	data_abort
	b	crash_vectors + 4 * 5
	b	irq
	b	crash_vectors + 4 * 7

data_abort:
prefetch_abort:
undefined:
	// TODO 4.1: if it was in user mode, into the slot, and from there to its handler.
	todo("4.1")

// What needs no frame is answered here; the rest is lab 3's.
svc:	cmp	r7, #SYS_TRANSFER
	beq	transfer
	cmp	r7, #SYS_PROTECT
	beq	svc_protect
	cmp	r7, #SYS_RESUME
	bne	trap_vectors + 4 * TRAP_SVC

// From a slot to what it says, r7 and the bits of CPSR that no instruction in user mode writes included. The slot is
// free then.
resume:	cmp	r0, #0
	mov	r1, #USER_TOP			// where the slot ends
	ldreq	r7, [r1, #SAVE_R7]
	ldrne	r7, [r1, #SAVE_SLICE_R7]
	subne	r1, r1, #-SAVE_SLICE
	// TODO 4.2: of the slot's CPSR what is an application's; the slot free; r0 to r2 and pc.
	todo("4.2")

// An interrupt: as lab 3 does it, but for who is asked.
irq:	mrs	sp, spsr
	tst	sp, #0xf
	bne	trap_vectors + 4 * TRAP_IRQ	// where the kernel sleeps
	sub	lr, lr, #4
	srsdb	sp!, #PSR_M_SVC
	cpsid	aif, #PSR_M_SVC
	sub	sp, sp, #TF_PC
	stm	sp, {r0-r14}^
	mov	r0, sp
	bl	env_irq
	ldm	sp, {r0-r14}^
	add	sp, sp, #TF_PC
	rfeia	sp!
