// A module that does what it is told: by its arguments and, for a runtime entry, by a block in its data segment.

#include "module.inc"

	module	probe

// At MODULE_CODE: where probe.f5's jump comes back to. What there is then is put behind its block.
probe.f6:
	str	r0, [r10, #64]
	str	r1, [r10, #68]
	str	r2, [r10, #72]
	str	r3, [r10, #76]
	str	r4, [r10, #80]
	str	r5, [r10, #84]
	str	r6, [r10, #88]
	str	r7, [r10, #92]
	str	r8, [r10, #96]
	str	r11, [r10, #100]
	str	r12, [r10, #104]
	mov	r0, sp
	str	r0, [r10, #108]
	mov	r0, #0
	orrmi	r0, r0, #8
	orreq	r0, r0, #4
	orrcs	r0, r0, #2
	orrvs	r0, r0, #1
	str	r0, [r10, #112]
	ldr	r0, [r10, #124]
	bfi	r10, r0, #0, #20
	mov	sp, r10
	pop	{r4-r7, r11, lr}
	leave

// (at, byte, beside): a store there, or for 1 4095 bytes below, for 2 above.
probe.f0:
	bfi	r10, r0, #0, #20
	sub	r2, r2, #1
	cmp	r2, #1
	strlob	r1, [r10, #-4095]
	streqb	r1, [r10, #4095]
	strhib	r1, [r10]
	mov	r0, #0
	leave

// (at, _, beside): a load.
probe.f1:
	bfi	r10, r0, #0, #20
	sub	r2, r2, #1
	cmp	r2, #1
	ldrlob	r0, [r10, #-4095]
	ldreqb	r0, [r10, #4095]
	ldrhib	r0, [r10]
	leave

// (at): a jump within the code segment.
probe.f2:
	lsr	r12, r0, #2
	bfi	r9, r12, #2, #18
	bx	r9

probe.f3:
	b	probe.f3

// (at): two words.
probe.f4:
	bfi	r10, r0, #0, #20
	ldrd	r2, r3, [r10]
	mov	r0, #0
	leave

// (block): a jump with r0 to r7, r11, sp and lr as the block says; r8 is nobody's.
probe.f5:
	push	{r4-r7, r11, lr}
	bfi	r10, r0, #0, #20
	mov	r1, sp
	str	r1, [r10, #124]
	ldr	r12, [r10, #24]
	mov	r2, r10
	bfi	r10, r12, #0, #20
	mov	sp, r10
	bfi	r10, r2, #0, #20
	ldr	r11, [r10, #48]
	ldr	lr, [r10, #20]
	ldr	r12, [r10]
	lsr	r12, r12, #2
	bfi	r9, r12, #2, #18
	ldr	r4, [r10, #28]
	ldr	r5, [r10, #32]
	ldr	r6, [r10, #36]
	ldr	r7, [r10, #40]
	ldmib	r10, {r0-r3}
	bx	r9

// (n): module n's f7, of n + 1; one more than that returned, or the error that kept it from returning.
probe.f7:
	push	{r4, lr}
	add	r2, r0, #1
	mov	r1, #7
	mov	r3, #7
probe.bl:
	entry_call probe, RUNTIME_CALL
probe.next:
	cmp	r1, #0
	addeq	r0, r0, #1
	movne	r0, r1
	pop	{r4, lr}
	lsr	r12, lr, #2
	bfi	r9, r12, #2, #18
probe.bx:
	bx	r9

	module_data probe
	.ascii	"The quick brown fox jumps over the lazy dog, and the module sends.\n"
	module_end probe, 8, 0x2000

// From module 0's bl to module 1's first instruction, and from its last one back.
.macro mark name, module, label
	.global	\name
	.set	\name, 0xc0200000 + 0x400000 * \module + MODULE_CODE + \label - probe.code
.endm
	mark	cross_bl, 0, probe.bl
	mark	cross_first, 1, probe.f7
	mark	cross_last, 1, probe.bx
	mark	cross_next, 0, probe.next
	mark	found, 0, probe.f1		// what there is in its registers is looked at
