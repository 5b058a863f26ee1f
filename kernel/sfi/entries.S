// What a module can reach of the kernel (exo/module.h): its exceptions, and the runtime's entries. All of it begins
// in System mode, where sp is the module's and nobody's to trust; r9, which no module can point elsewhere, says
// whose code it is.

#include <exo/arm.h>
#include <exo/error.h>
#include <exo/kmap.h>
#include <exo/module.h>
#include <exo/register.h>

#define CALLER 56			// a calling module's frame: a word for nothing, r2 to r12, sp and lr

	.text

// An exception ends the module; what it had in its registers is of no use to anybody. What does not come from System
// mode, and an abort outside of code segments, is the kernel's own mistake. (An interrupt may come in a stub's first
// instructions.)
.macro stopped vector, offset
	mrs	sp, spsr
	mvn	sp, sp
	tst	sp, #PSR_M			// System mode is 0x1f
	bne	crash_vectors + 4 * \vector
.if \vector != TRAP_IRQ
	cmp	lr, #ALIAS_BASE
	blo	crash_vectors + 4 * \vector
.endif
	sub	r0, lr, #\offset
	mov	r1, #\vector
	b	stop
.endm

	.balign	32
	.global	module_vectors
module_vectors:
	b	crash_vectors
	b	undefined
	b	crash_vectors + 4 * TRAP_SVC
	b	prefetch_abort
	b	data_abort
	b	crash_vectors + 4 * 5
	b	irq
	b	crash_vectors + 4 * TRAP_FIQ

undefined:
	stopped	TRAP_UNDEFINED, 4
prefetch_abort:
	stopped	TRAP_PREFETCH_ABORT, 4
data_abort:
	stopped	TRAP_DATA_ABORT, 8
irq:	stopped	TRAP_IRQ, 4

stop:	cpsid	aif, #PSR_M_SVC
	mov	r2, r9
	bl	module_stopped
	mov	r1, r0
	mov	r0, #0
	b	over

// The stubs. Where it goes on is put into r9: lr, within the code segment.
.macro to_kernel
	lsr	r12, lr, #2
	bfi	r9, r12, #2, #18
	cpsid	aif, #PSR_M_SVC
.endm

.macro to_module
	mov	lr, r9
	msr	spsr_cxsf, #PSR_M_SYS
	movs	pc, lr
.endm

// By a function of C, uint64_t f(r0, r1, module): it keeps r4 to r11, and the rest is nobody's to see.
.macro runtime function
	to_kernel
	ldr	r2, =modules
	ubfx	r3, r9, #22, #3
	add	r2, r2, r3, lsl #MODULE_SHIFT
	bl	\function
	mov	r2, #0
	mov	r3, #0
	mov	r12, #0
	to_module
.endm

time:	runtime	timer_now
send:	runtime	runtime_send
direction:
	runtime	runtime_direction
	.ltorg

// Another module's function. What the caller has waits on the SVC stack, and comes back as it was.
	.global	module_cross
module_cross:
	to_kernel
	stmdb	sp, {r2-r14}^
	sub	sp, sp, #CALLER
	cmp	r0, #MODULE_COUNT
	cmplo	r1, #MODULE_CALLS
	bhs	none
	ldr	r12, =modules
	add	r12, r12, r0, lsl #MODULE_SHIFT
	add	lr, r12, r1, lsl #2
	ldr	lr, [lr, #MODULE_CALLS_AT]
	ldr	r1, [r12, #MODULE_FRAME]
	cmp	lr, #1				// C: there is such a function
	rsbhss	r1, r1, #0			// C: and the module is not being called; r1 is 0 then
	blo	refused
	str	sp, [r12, #MODULE_FRAME]
	mov	r0, r2
	mov	r1, r3
	ldm	r12, {r4-r14}^
	msr	spsr_cxsf, #PSR_M_SYS
	movs	pc, lr

// The module is over, with the result r0 and the status r1: back to the one that called it, or to the kernel.
return:	cpsid	aif, #PSR_M_SVC
	mov	r1, #0
over:	ldr	r3, =modules
	ubfx	r2, r9, #22, #3
	add	r3, r3, r2, lsl #MODULE_SHIFT
	ldr	r2, [r3, #MODULE_FRAME]
	subs	r2, r2, sp
	bne	1f
	str	r2, [r3, #MODULE_FRAME]
back:	ldmib	sp, {r2-r14}^
	add	sp, sp, #CALLER
	to_module

1:	mov	r2, r0
	mov	r0, r1
	mov	r1, r2
	b	module_leave

none:	mov	lr, #0
refused:
	cmp	lr, #0
	mvneq	r1, #E_NOENT - 1
	mvnne	r1, #E_BUSY - 1
	mov	r0, #0
	b	back
	.ltorg

// The page of entries, and the page behind it: one word each, at the same offset.
	.section .rodata
	.balign	4096
	.global	module_entries, module_literals
module_entries:
	.rept	RUNTIME_COUNT
	ldr	pc, [pc, #MODULE_LITERALS - 8]
	.endr
	.rept	1024 - RUNTIME_COUNT
	.word	MODULE_UDF
	.endr
module_literals:
	.word	return, time, send, direction, module_cross
	.space	4096 - 4 * RUNTIME_COUNT
