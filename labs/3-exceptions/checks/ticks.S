// trap_idle() with every register known, and told again behind it. It takes an interrupt in between, and
// that alone.

#include <exo/arm.h>

	.text
	.global	idle_told
	.type	idle_told, %function
idle_told:
	push	{r4-r11, lr}
	sub	sp, sp, #12
	str	r1, [sp]
	add	r0, r0, #64
	ldr	r2, =0x12345678
	ldr	r3, =0x9e3779b9
	mov	r4, #13
1:	add	r2, r2, r3			// r0 to r12 in the table of before
	subs	r4, r4, #1
	str	r2, [r0, #-64]
	add	r0, r0, #4
	bne	1b
	sub	r0, r0, #(64 + 52)
	str	sp, [r0, #52]
	adr	r2, 2f
	str	r2, [r0, #56]
	mvn	r2, #0
	uadd8	r2, r2, r2			// GE bits and flags that are not all zero
	cmp	r4, #1
	mrs	r2, cpsr
	str	r2, [r0, #60]
	ldm	r0, {r0-r12}
	bl	trap_idle
2:	push	{r0}
	ldr	r0, [sp, #4]
	add	r0, r0, #4
	stm	r0, {r1-r12}
	pop	{r1}
	str	r1, [r0, #-4]
	mrs	r2, cpsr
	str	r2, [r0, #56]
	str	sp, [r0, #48]
	str	lr, [r0, #52]
	add	sp, sp, #12
	pop	{r4-r11, pc}
	.size	idle_told, . - idle_told
	.ltorg
