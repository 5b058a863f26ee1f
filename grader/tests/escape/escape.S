// For escape.c: a call with registers that must come back, a hash, and two modules that stand by.

#include <exo/arm.h>
#include <exo/module.h>

#include "../../../labs/5-sfi/checks/module.inc"

	.text

// int escape_shot(void): escape_call() with escape_kept.in's words in r4 to r11, User's sp and lr; what is there behind
// it to .out.
	.global	escape_shot
	.type	escape_shot, %function
escape_shot:
	push	{r3-r11, lr}
	ldr	r12, =escape_kept
	cps	#PSR_M_SYS
	ldr	sp, [r12, #32]
	ldr	lr, [r12, #36]
	cps	#PSR_M_SVC
	str	sp, [r12, #80]
	ldm	r12, {r4-r11}
	bl	escape_call
	ldr	r12, =escape_kept
	str	sp, [r12, #84]
	ldr	sp, [r12, #80]
	add	r12, r12, #40
	stm	r12, {r4-r11}
	cps	#PSR_M_SYS
	str	sp, [r12, #32]
	str	lr, [r12, #36]
	cps	#PSR_M_SVC
	pop	{r3-r11, pc}
	.size	escape_shot, . - escape_shot

// void escape_banked(uint32_t *to): FIQ mode's r8 to r14.
	.global	escape_banked
	.type	escape_banked, %function
escape_banked:
	cps	#0x11
	stm	r0, {r8-r14}
	cps	#PSR_M_SVC
	bx	lr
	.size	escape_banked, . - escape_banked

// uint32_t escape_hash(from, to, sum): whole words.
	.global	escape_hash
	.type	escape_hash, %function
escape_hash:
	push	{r4-r11, lr}
	ldr	lr, =0x01000193
1:	add	r3, r0, #32
	cmp	r3, r1
	bhi	2f
	ldm	r0!, {r4-r11}
	eor	r2, r4, r2, ror #5
	eor	r2, r5, r2, ror #5
	eor	r2, r6, r2, ror #5
	eor	r2, r7, r2, ror #5
	eor	r2, r8, r2, ror #5
	eor	r2, r9, r2, ror #5
	eor	r2, r10, r2, ror #5
	eor	r2, r11, r2, ror #5
	mul	r2, lr, r2
	b	1b
2:	cmp	r0, r1
	ldrlo	r4, [r0], #4
	eorlo	r2, r4, r2, ror #5
	blo	2b
	mov	r0, r2
	pop	{r4-r11, pc}
	.size	escape_hash, . - escape_hash

// Where no module may come.
	.global	escaped
escaped:
	ldr	r0, =escape_flag
	mov	r1, #1
	str	r1, [r0]
	b	.
	.ltorg

	module	bystander
bystander.f0:
	leave
bystander.f1:
	add	r0, r0, r1
	leave
	module_data bystander
	.ascii	"Nobody else writes this."
	module_end bystander, 2, 64

	.bss
	.balign	4
	.global	escape_kept, escape_flag
escape_kept:
	.space	88
escape_flag:
	.space	4
