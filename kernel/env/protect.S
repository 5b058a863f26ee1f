// SYS_PROTECT, and PAGE_PROTECT of a batch (exo/upcall.h), when there is nothing to object to: what an application
// does most with its memory. Whatever is odd, or is to be executed, is left to sys_protect() in C, which does the
// same and says what is wrong. Given.

#include <exo/arm.h>
#include <exo/board.h>
#include <exo/env.h>

#define ACCESS (L2_AP0 | L2_AP1 | L2_AP2)
#define RIGHTS (L2_TEX1 | L2_TEX2 | L2_S)

	.text

// The page at r0 (va) of the environment at r2 is mapped for r1 (prot), or nothing has changed and r0, r1 and sp
// have not, at \slow. Takes r2 to r4, r12 and lr; the result is r0 = 0.
.macro protect slow
	adds	r3, r0, #PAGE_SIZE
	cmpcc	r3, #USER_TOP
	bhs	\slow				// the save page, or above it
	ldr	r12, [r2, #ENV_L1]
	lsr	r3, r0, #20
.if BOARD_RAM_OFFSET
	add	r12, r12, #BOARD_RAM_OFFSET
.endif
	ldr	r12, [r12, r3, lsl #2]
	ubfx	r3, r0, #12, #8
	tst	r12, #L1_TABLE
	bfc	r12, #0, #10
.if BOARD_RAM_OFFSET
	add	r12, r12, #BOARD_RAM_OFFSET
.endif
	ldrne	r3, [r12, r3, lsl #2]!
	tstne	r3, #L2_SMALL
	beq	\slow				// nothing is mapped
	cmp	r1, #3				// RIGHT_READ | RIGHT_WRITE
	movlss	lr, r0, lsl #20
	bne	\slow				// not aligned; or to be executed
	adr	lr, entries
	ldr	lr, [lr, r1, lsl #2]
	bic	r4, lr, r3
	tst	r4, #RIGHTS
	bne	\slow				// more than was recorded
	bic	r3, r3, #ACCESS
	orr	r3, r3, lr
	str	r3, [r12]
	dsb					// as tlb_flush_page(), but for the ISB: a return to user mode is one
	ldr	r4, [r2, #ENV_ASID]
	orr	r4, r4, r0
	mcr	p15, 0, r4, c8, c7, 1		// TLBIMVA
	mov	r0, #0
	mcr	p15, 0, r0, c7, c5, 6		// BPIALL
	dsb
.endm

// From the vectors, with lr_svc where it goes on. Nobody else uses the stack: everything is masked.
	.global	svc_protect
	.type	svc_protect, %function
svc_protect:
	stmdb	sp, {r2-r4, r12, lr}
	mrc	p15, 0, r2, c13, c0, 4		// TPIDRPRW: who calls
	protect	1f
	ldmdb	sp, {r2-r4, r12, pc}^

1:	ldmdb	sp, {r2-r4, r12, lr}
	push	{r1-r3, r12, lr}		// C keeps the others
	mrc	p15, 0, r2, c13, c0, 4
	sub	sp, sp, #4
	bl	sys_protect
	add	sp, sp, #4
	ldm	sp!, {r1-r3, r12, pc}^
	.size	svc_protect, . - svc_protect

// By prot: AP and XN, and in the place of the rights recorded those that are needed. L2_S, which no entry has, is
// for what is no prot.
	.balign	4
entries:
	.word	L2_XN
	.word	L2_XN | L2_AP0 | L2_AP1 | L2_AP2
	.word	L2_S
	.word	L2_XN | L2_AP0 | L2_AP1 | L2_TEX1

// int32_t env_protect(uint32_t va, uint32_t prot, struct env *env)
	.global	env_protect
	.type	env_protect, %function
env_protect:
	push	{r4, lr}
	protect	1f
	isb
	pop	{r4, pc}

1:	pop	{r4, lr}
	b	sys_protect
	.size	env_protect, . - env_protect
