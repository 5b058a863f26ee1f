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

// BEGIN SOLUTION 4.1a
// An abort. The slot is filled from its end, the save page's: r0, r1, r2 and pc; before them CPSR, status and address.
// So the base is one MOV, and where sp ends up is where the table of handlers ends.
.macro abort vector, offset
	mrs	sp, spsr
	tst	sp, #0xf			// user mode is 0x10
	bne	crash_vectors + 4 * \vector
	sub	lr, lr, #\offset
	mov	sp, #USER_TOP
	stmdb	sp!, {r0-r2, lr}
	ldr	r0, [sp, #SAVE_CPSR + 16]
	cmp	r0, #0
	bne	nested
	mrs	r0, spsr
.endm

data_abort:
	abort	TRAP_DATA_ABORT, 8
	mrc	p15, 0, r1, c5, c0, 0		// DFSR
	mrc	p15, 0, r2, c6, c0, 0		// DFAR
	stmdb	sp!, {r0-r2}
	and	r0, r1, #0xf
	ldr	lr, [sp, -r0, lsl #2]
	msr	spsr_cxsf, #PSR_M_USR
	movs	pc, lr

prefetch_abort:
	abort	TRAP_PREFETCH_ABORT, 4
	mrc	p15, 0, r1, c5, c0, 1		// IFSR
	mrc	p15, 0, r2, c6, c0, 2		// IFAR
	stmdb	sp!, {r0-r2}
	ldr	lr, [sp, #SAVE_PREFETCH - SAVE_CPSR]
	msr	spsr_cxsf, #PSR_M_USR
	movs	pc, lr

undefined:
	mrs	sp, spsr
	tst	sp, #0xf
	bne	crash_vectors + 4 * TRAP_UNDEFINED
	tst	sp, #PSR_T
	subeq	lr, lr, #4
	subne	lr, lr, #2
	mov	sp, #USER_TOP
	stmdb	sp!, {r0-r2, lr}
	ldr	r0, [sp, #SAVE_CPSR + 16]
	cmp	r0, #0
	bne	nested
	mrs	r0, spsr
	mov	r1, #0
	stmdb	sp!, {r0-r2}
	ldr	lr, [sp, #SAVE_UNDEFINED - SAVE_CPSR]
	msr	spsr_cxsf, #PSR_M_USR
	movs	pc, lr

nested:	cpsid	aif, #PSR_M_SVC
	b	env_nested
// INSTEAD
//| data_abort:
//| prefetch_abort:
//| undefined:
//| 	// TODO 4.1: if it was in user mode, into the slot, and from there to its handler.
//| 	todo("4.1")
// END SOLUTION

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
	// BEGIN SOLUTION 4.2a
	ldr	r0, [r1, #SAVE_CPSR]
	ldr	r2, =0xfe0ffe20			// flags, GE, IT, E, T: what is an application's
	and	r0, r0, r2
	tst	r0, #PSR_T
	biceq	r0, r0, #0x06000000		// A32 has no IT state (A2.5.2)
	biceq	r0, r0, #0xfc00
	orr	r0, r0, #PSR_M_USR
	msr	spsr_cxsf, r0
	mov	r0, #0
	str	r0, [r1, #SAVE_CPSR]
	ldmdb	r1, {r0-r2, lr}
	movs	pc, lr
	.ltorg
	// INSTEAD
	//| // TODO 4.2: of the slot's CPSR what is an application's; the slot free; r0 to r2 and pc.
	//| todo("4.2")
	// END SOLUTION

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
