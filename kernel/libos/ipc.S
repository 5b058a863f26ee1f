// Calls over the protected control transfer (libos/ipc.h): going out, waiting, coming in.

#include <exo/error.h>
#include <exo/syscall.h>
#include <exo/upcall.h>
#include <libos/ipc.h>
#include <libos/upcall.h>

#define IPC_PEER    0			// of ipc, below
#define IPC_SP      4
#define IPC_HANDLER 8
#define IPC_BUSY    12

	.text

// Go, with `registers` saved. The wait frame is what `begin` finds while we wait; what it found before is ours to put back. The peer is noted last:
// from there on a reply finds everything in place.
.macro call registers, message
	push	{\registers}
	ldr	r12, =ipc
	ldr	r2, [r12, #IPC_PEER]
	ldr	r3, =resting_sp
	cmp	r2, #0
	bne	8f
	ldr	r2, [r3]
	str	r2, [sp, #-8]!
	ldr	r2, =wait_frame
	str	r2, [r3]
	str	sp, [r12, #IPC_SP]
	str	r0, [r12, #IPC_PEER]
	ldm	r1, {\message}
	mov	r7, #SYS_TRANSFER
9:	svc	#0
	cmn	r0, #E_PERM			// our time is up, and the word of it is still to come
	ldreq	r0, [r12, #IPC_PEER]
	beq	9b
	b	refused
8:	mvn	r0, #E_EXISTS - 1
	pop	{\registers}
	bx	lr
.endm

	.global	ipc_call
	.type	ipc_call, %function
ipc_call:
	call	"r1, r4-r11, lr", "r1-r4"
	.size	ipc_call, . - ipc_call

	.global	upcall_transfer
	.type	upcall_transfer, %function
upcall_transfer:
	ldr	r12, =ipc
	ldr	r0, [r12, #IPC_PEER]
	teq	r0, r7
	bne	request
	mov	r0, r5
	ldr	sp, [r12, #IPC_SP]
	ldr	r6, =resting_sp
	ldr	r5, [sp], #8
	mov	r7, #0
	str	r7, [r12, #IPC_PEER]
	str	r5, [r6]
	ldr	r12, [sp], #4
	stm	r12, {r1-r4}
	pop	{r4-r11, pc}

// Nobody is there to answer: r0 says why.
refused:
	ldr	r12, =ipc
	ldr	sp, [r12, #IPC_SP]
	ldr	r6, =resting_sp
	ldr	r5, [sp], #8
	mov	r7, #0
	str	r7, [r12, #IPC_PEER]
	str	r5, [r6]
	add	sp, sp, #4
	pop	{r4-r11, pc}

// A slice has begun while we wait: the callee's.
waiting:
	ldr	r12, =ipc
	ldr	r0, [r12, #IPC_PEER]
	mov	r7, #SYS_YIELD
	svc	#0
	b	refused

// One at a time; and none while a fault is being handled, as handling one more would end us.
request:
	ldr	r0, [r12, #IPC_HANDLER]
	ldr	r6, [r12, #IPC_BUSY]
	cmp	r0, #0
	beq	busy
	cmp	r6, #0
	mov	r6, #USER_TOP
	ldreq	r6, [r6, #SAVE_CPSR]
	cmpeq	r6, #0
	bne	busy
	str	r7, [r12, #IPC_BUSY]
	ldr	sp, =stack_top
	push	{r1-r4}
	mov	r6, r7
	mov	r12, r0
	mov	r1, sp
	mov	r0, r7
	blx	r12
	mov	r5, r0
	pop	{r1-r4}
	ldr	r12, =ipc
	mov	r0, #0
	str	r0, [r12, #IPC_BUSY]
reply:	mov	r7, #SYS_TRANSFER
1:	mov	r0, r6
	svc	#0
	cmn	r0, #E_PERM
	beq	1b
	mov	r0, #0				// the caller is gone: on with what else there is
	mov	r7, #SYS_YIELD
	svc	#0

busy:	mov	r6, r7
	mvn	r5, #E_EXISTS - 1
	b	reply
	.size	upcall_transfer, . - upcall_transfer
	.ltorg

	.data
	.balign	8
wait_frame:
	.space	36
	.word	waiting

	.section .bss.pinned, "aw", %nobits
	.balign	8
	.global	ipc
ipc:	.space	16
	.space	IPC_STACK
stack_top:
