// Two modules: the second drives pin 0 itself.

#include "../module.inc"

	module	toy
toy.f0:	bfi	r10, r0, #0, #20		// (at): a load
	ldr	r0, [r10]
	leave
toy.f1:	bfi	r10, r0, #0, #20		// (at, value): a store
	str	r1, [r10]
	leave
toy.f2:	b	toy.f2
toy.f3:	entry	toy, RUNTIME_DIRECTION		// (mask, out); it returns to lr, the entry that returns
toy.f4:	mov	r2, #MODULE_DATA		// (module, call): of its data's first word
	push	{r4, lr}
	entry_call toy, RUNTIME_CALL
	cmp	r1, #0
	movne	r0, r1
	pop	{r4, lr}
	leave
	module_data toy
	.word	0x600d600d
	module_end toy, 5, 0x2000

	module	pinned
pinned.f0:					// (value, n): n toggles, of pin 0
1:	str	r0, [r8, #1 << 2]
	eor	r0, r0, #1
	subs	r1, r1, #1
	bne	1b
	leave
pinned.f1:
	entry	pinned, RUNTIME_DIRECTION
	module_data pinned
	module_end pinned, 2
