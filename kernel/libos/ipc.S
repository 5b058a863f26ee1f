// Calls over the protected control transfer (libos/ipc.h): going out, waiting, coming in.

#include <exo/error.h>
#include <exo/syscall.h>
#include <exo/upcall.h>
#include <libos/ipc.h>
#include <libos/upcall.h>

#define IPC_PEER    8			// from RESTING_SP
#define IPC_SP      12
#define IPC_HANDLER 16
#define IPC_BUSY    20

#define IPC_REQUEST 0			// r5 on the way there
#define IPC_TURN    1

	.text

// Put away what the caller wants kept, and note whom we wait for. The frame is what `begin` finds meanwhile; what it
// found before is ours to put back. The peer is noted last: from there on a reply finds everything in place.
.macro wait frame, trusting
.if \trusting
	push	{r4, r5, r7, lr}		// what a transfer uses itself
	adr	lr, trusted
.else
	push	{r4-r11, lr}			// what C wants kept
	adr	lr, kept
.endif
	ldr	r12, =RESTING_SP
	ldr	r2, [r12, #IPC_PEER]
	cmp	r2, #0
	bne	waits
	ldr	r2, [r12]
	push	{r1, r2, lr}
	ldr	r2, =\frame
	str	r2, [r12]
	str	sp, [r12, #IPC_SP]
	str	r0, [r12, #IPC_PEER]
.endm

	.global	ipc_trusting
	.type	ipc_trusting, %function
ipc_trusting:
	wait	trusting_frame, 1
	mov	r5, #IPC_REQUEST
	ldm	r1, {r1-r4}
	mov	r7, #SYS_TRANSFER
	svc	#0
	b	refused
	.size	ipc_trusting, . - ipc_trusting

	.global	ipc_call
	.type	ipc_call, %function
ipc_call:
	wait	call_frame, 0
	mov	r5, #IPC_REQUEST
	ldm	r1, {r1-r4}
	mov	r7, #SYS_TRANSFER
	svc	#0
	b	refused
	.size	ipc_call, . - ipc_call

	.global	ipc_turn
	.type	ipc_turn, %function
ipc_turn:
	ldr	r1, =nothing
	wait	turn_frame, 0
	mov	r5, #IPC_TURN
	mov	r7, #SYS_TRANSFER
1:	svc	#0
refused:
	cmn	r0, #E_PERM			// our time is up, and the word of it is still to come
	ldreq	r0, [r12, #IPC_PEER]
	beq	1b
	.size	ipc_turn, . - ipc_turn

// It is over: r0 says how, and there is no message.
over:	ldr	r12, =RESTING_SP
	ldr	sp, [r12, #IPC_SP]
	mov	r5, r0
	pop	{r0, r7, lr}
	b	2f

waits:	mvn	r0, #E_EXISTS - 1
	bx	lr

	.global	ipc_yield
	.type	ipc_yield, %function
ipc_yield:
	ldr	r1, =nothing
	wait	turn_frame, 0
	mov	r7, #SYS_YIELD
	svc	#0
	b	over
	.size	ipc_yield, . - ipc_yield

	.global	upcall_transfer
	.type	upcall_transfer, %function
upcall_transfer:
	ldr	r12, =RESTING_SP
	ldr	r0, [r12, #IPC_PEER]
	teq	r0, r7
	bne	request
	ldr	sp, [r12, #IPC_SP]
	pop	{r0, r7, lr}
	stm	r0, {r1-r4}
2:	str	r7, [r12]
	mov	r7, #0
	str	r7, [r12, #IPC_PEER]
	mov	r0, r5
	bx	lr
kept:	pop	{r4-r11, pc}
trusted:
	pop	{r4, r5, r7, pc}

// A slice has begun while we wait: the callee's, if it is a reply that we wait for.
calling:
	ldr	r12, =RESTING_SP
	ldr	r0, [r12, #IPC_PEER]
	mov	r7, #SYS_YIELD
	svc	#0
	b	over

// ... and the same for one that is trusted: what it was to keep is gone with it.
trusting:
	ldr	r12, =RESTING_SP
	ldr	r0, [r12, #IPC_PEER]
	mov	r7, #SYS_YIELD
	svc	#0
	mov	r7, #SYS_EXIT
	svc	#0

// One at a time; and none while a fault is being handled, as handling one more would end us.
request:
	mov	lr, r7
	cmp	r5, #IPC_TURN
	beq	busy
	ldr	r0, [r12, #IPC_HANDLER]
	ldr	r5, [r12, #IPC_BUSY]
	cmp	r0, #0
	beq	busy
	cmp	r5, #0
	mov	r5, #USER_TOP
	ldreq	r5, [r5, #SAVE_CPSR]
	cmpeq	r5, #0
	bne	busy
	str	r7, [r12, #IPC_BUSY]
	ldr	sp, =stack_top
	push	{r1-r4, r6, r7}
	mov	r12, r0
	mov	r1, sp
	mov	r0, r7
	blx	r12
	mov	r5, r0
	pop	{r1-r4, r6, lr}
	ldr	r12, =RESTING_SP
	mov	r0, #0
	str	r0, [r12, #IPC_BUSY]
reply:	mov	r7, #SYS_TRANSFER
1:	mov	r0, lr
	svc	#0
	cmn	r0, #E_PERM
	beq	1b
	mov	r0, #0				// the caller is gone: on with what else there is
	mov	r7, #SYS_YIELD
	svc	#0

busy:	mvn	r5, #E_EXISTS - 1
	b	reply
	.size	upcall_transfer, . - upcall_transfer
	.ltorg

	.data
	.balign	8
call_frame:
	.space	36
	.word	calling
	.balign	8
trusting_frame:
	.space	36
	.word	trusting
	.balign	8
turn_frame:
	.space	36
	.word	over				// with r0 = 0, as at every beginning

	.section .bss.pinned, "aw", %nobits
	.balign	8
nothing:
	.space	16
	.space	IPC_STACK
stack_top:
