// Where threads change places (libos/thread.h): at the beginning of a slice, and when one lets the next go on. In
// between nothing may come: an end that does is put off until it is over, which is a few dozen instructions later.

#include <libos/upcall.h>

#define CHANGING 0			// of `changing`
#define PUT_OFF  4			// an end has come

	.text

// `begin`: who rested does so still; the next one goes on.
	.global	thread_begin
	.type	thread_begin, %function
thread_begin:
	ldr	r4, =changing
	mov	r5, #1
	str	r5, [r4, #CHANGING]
	ldr	r0, =resting_sp
	ldr	r0, [r0]
	b	change
	.size	thread_begin, . - thread_begin

	.global	thread_yield
	.type	thread_yield, %function
thread_yield:
	push	{r3-r11, lr}			// as yield() does
	ldr	r4, =changing
	mov	r5, #1
	str	r5, [r4, #CHANGING]
	mov	r0, sp
change:	ldr	sp, =stack_top
	bl	thread_next
	mov	sp, r0
	clrex					// what another one had begun with LDREX has to fail
	mov	r0, #0
	str	r0, [r4, #CHANGING]
	ldr	r1, [r4, #PUT_OFF]
	cmp	r1, #0
	strne	r0, [r4, #PUT_OFF]
	blne	yield
	mov	r0, #0
	pop	{r3-r11, pc}
	.size	thread_yield, . - thread_yield

// `end`. r0 to r2 are in the slot.
	.global	thread_end
	.type	thread_end, %function
thread_end:
	ldr	r0, =changing
	ldr	r1, [r0, #CHANGING]
	cmp	r1, #0
	beq	upcall_end
	str	r1, [r0, #PUT_OFF]
	b	resume_slice
	.size	thread_end, . - thread_end

// A new thread is picked up here: its body in r4, the argument in r5.
	.global	thread_start
	.type	thread_start, %function
thread_start:
	mov	r0, r5
	blx	r4
	b	thread_returned
	.size	thread_start, . - thread_start
	.ltorg

	.global	mutex_lock
	.type	mutex_lock, %function
mutex_lock:
	push	{r4, lr}
	mov	r4, r0
1:	ldrex	r1, [r4]
	cmp	r1, #0
	bne	2f
	mov	r1, #1
	strex	r2, r1, [r4]
	cmp	r2, #0
	bne	1b
	dmb
	pop	{r4, pc}
2:	bl	thread_yield
	b	1b
	.size	mutex_lock, . - mutex_lock

	.global	mutex_unlock
	.type	mutex_unlock, %function
mutex_unlock:
	mov	r1, #0
	dmb
	str	r1, [r0]
	bx	lr
	.size	mutex_unlock, . - mutex_unlock

	.section .bss.pinned, "aw", %nobits
	.balign	8
changing:
	.space	8
	.space	256
stack_top:
