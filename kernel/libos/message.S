// Where an application waits for a message, and where it is told of one (libos/message.h).

#include <exo/syscall.h>
#include <libos/upcall.h>

	.text

// As sleep_until(); it returns at once if there is no predicate.
	.global	predicate_sleep
	.type	predicate_sleep, %function
predicate_sleep:
	rest	SYS_WAIT
	.size	predicate_sleep, . - predicate_sleep

// The entry of end points that want an upcall: r0 is the number, r0 to r2 are in the slice slot. On the stack that the
// slice's end uses, or below what is there already.
	.global	message_entry
	.type	message_entry, %function
message_entry:
	ldr	r1, =slice_sp
	ldr	r1, [r1]
	sub	r2, r1, sp
	cmp	r2, #SLICE_STACK
	movlo	r1, sp
	bic	r1, r1, #7
	stmdb	r1, {r3-r12, sp, lr}
	sub	sp, r1, #48
	ldr	r1, =handle_message
	ldr	r1, [r1]
	blx	r1
	mov	r0, sp
	ldm	r0, {r3-r12, sp, lr}
	b	resume_slice
	.ltorg
	.size	message_entry, . - message_entry
