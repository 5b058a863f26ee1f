// What is counted in bench.toml begins and ends at these addresses, which ../bench-b.S gives names to. In
// .text.start, that is from 0x10000 on.

#include <exo/syscall.h>
#include <exo/upcall.h>

	.section .text.start, "ax"

// Enter env, and return when it enters us at raw_back.
.macro raw name, sync
	.balign	32
	.global	raw_\name
raw_\name:
	push	{r4-r11, lr}
	ldr	r7, =raw_sp
	str	sp, [r7]
	mov	r7, #SYS_TRANSFER
	svc	#0				// _begin, 0x10
	udf	#0
	.endm

	raw	async				// 0x00
	raw	sync				// 0x20

	.balign	32
	.global	raw_echo
raw_echo:					// 0x40: transfer_end
	and	r1, r0, #TRANSFER_SYNC		// as it was asked
	orr	r0, r7, r1
	mov	r7, #SYS_TRANSFER
	svc	#0
	udf	#0

	.balign	32
	.global	raw_back
raw_back:					// 0x60
	ldr	sp, =raw_sp
	ldr	sp, [sp]
	pop	{r4-r11, pc}

.macro counted name, function
	.balign	32
	bl	\function			// _begin
	pop	{r4, pc}			// _end
	.global	counted_\name
counted_\name:
	push	{r4, lr}
	b	. - 12
	.endm

	counted	lrpc, ipc_call			// 0x80
	counted	tlrpc, ipc_trusting		// 0xa0
	counted	pipe, pipe_round_trip		// 0xc0
	counted	yield, yield			// 0xe0
	counted	stride, stride_run		// 0x100

// An `end` that keeps nothing, and another's `begin`.
	.balign	32
	.global	raw_end
raw_end:					// 0x120
	mov	r0, #0
	mov	r7, #SYS_YIELD
	svc	#0

	.balign	32
	.global	raw_begin
raw_begin:					// 0x140
	b	upcall_begin

// Wait for it: what rests meanwhile comes back to our caller, and what was interrupted does not.
	.balign	32
	.global	counted_end
counted_end:
	push	{r3-r11, lr}
	ldr	r0, =resting_sp
	str	sp, [r0]
	mov	r0, #USER_TOP
	mov	r1, #0
	str	r1, [r0, #SAVE_SLICE_CPSR]
1:	b	1b
	.ltorg

	.bss
	.balign	4
raw_sp:	.space	4
