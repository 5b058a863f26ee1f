// The stubs behind the kernel's entries (libos/upcall.h): what was interrupted is put on a stack, C is called, and
// what was interrupted goes on.

#include <exo/syscall.h>
#include <libos/upcall.h>

	.text

// Exceptions: r0 to r2 are the handler's already, and the slot has what they were.
.macro exception name
	.global	upcall_\name
	.type	upcall_\name, %function
upcall_\name:
	ldr	r0, =exception_stack_top
	stmdb	r0, {r3-r12, sp, lr}
	sub	r1, r0, #48
	mov	sp, r1
	ldr	r2, =handle_\name
	ldr	r2, [r2]
	mov	r0, #USER_TOP
	add	r0, r0, #SAVE_CPSR
	blx	r2
	mov	r0, sp
	ldm	r0, {r3-r12, sp, lr}
	b	resume_exception
	.ltorg
	.size	upcall_\name, . - upcall_\name
.endm

	exception translation
	exception permission
	exception alignment
	exception prefetch_abort
	exception undefined

// A permission fault, the short way (libos/memory.h): C keeps r4 to r11 by itself, and wants the address and the cause.
	.global	upcall_protection
	.type	upcall_protection, %function
upcall_protection:
	ldr	r0, =exception_stack_top
	stmdb	r0, {r3, r12, sp, lr}
	sub	sp, r0, #16
	mov	r0, r2
	bl	protection_fault
	mov	r0, sp
	ldm	r0, {r3, r12, sp, lr}
	b	resume_exception
	.ltorg
	.size	upcall_protection, . - upcall_protection

// fork(): what yield() leaves on the stack, for the child; the rest on a stack that is not shared with it.
	.global	fork
	.type	fork, %function
fork:	push	{r3-r11, lr}
	mov	r4, sp
	mov	r0, sp
	ldr	sp, =exception_stack_top
	bl	fork_at
	mov	sp, r4
	pop	{r3-r11, pc}
	.ltorg
	.size	fork, . - fork

// The end of a slice: the slot is put away and freed, the processor given up, and when it comes back all is as it was.
	.global	upcall_end
	.type	upcall_end, %function
upcall_end:
	ldr	r0, =RESTING_SP
	ldm	r0, {r1, r2}
	mov	r0, r2
	sub	r2, r0, r1
	cmp	r2, #SLICE_STACK		// what rests there already was entered by a transfer: below it
	movlo	r0, r1
	stmdb	r0, {r3-r12, sp, lr}
	sub	sp, r0, #48
	mov	r10, r1				// for who was interrupted between noting it and the yield
	mov	r0, #USER_TOP
	sub	r0, r0, #-SAVE_SLICE
	ldmdb	r0, {r3-r9}
	push	{r3-r9, r10}
	mov	r1, #0
	str	r1, [r0, #SAVE_CPSR]
	mov	r0, #0
	bl	yield
	pop	{r3-r9, r10}
	ldr	r0, =resting_sp
	str	r10, [r0]
	mov	r0, #USER_TOP
	sub	r0, r0, #-SAVE_SLICE
	stmdb	r0, {r3-r9}
	mov	r0, sp
	ldm	r0, {r3-r12, sp, lr}
	b	resume_slice
	.ltorg
	.size	upcall_end, . - upcall_end

// yield(env), and the other half of all that rest, `begin`, below.
	.global	yield
	.type	yield, %function
yield:	rest	SYS_YIELD
	.size	yield, . - yield

	.global	sleep_until
	.type	sleep_until, %function
sleep_until:
	rest	SYS_SLEEP
	.size	sleep_until, . - sleep_until

	.global	upcall_begin
	.type	upcall_begin, %function
upcall_begin:
	ldr	r0, =resting_sp
	ldr	sp, [r0]
	mov	r0, #0
	pop	{r3-r11, pc}
	.ltorg
	.size	upcall_begin, . - upcall_begin

	.global	resting_sp
	.set	resting_sp, RESTING_SP
	.global	slice_sp
	.set	slice_sp, SLICE_SP
	.global	ipc
	.set	ipc, IPC_STATE

	.section .bss.pinned, "aw", %nobits
	.balign	8
	.space	3072
exception_stack_top:
	.space	SLICE_STACK
	.global	slice_stack_top
slice_stack_top:
