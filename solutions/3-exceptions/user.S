// Into user mode and out of it for good (exo/trap.h), and the kernel's sleep.

#include <exo/arm.h>
#include <exo/todo.h>
#include <exo/trap.h>

	.text

	.global	user_enter
	.type	user_enter, %function
user_enter:
	// BEGIN SOLUTION 3.1a
	push	{r3-r11, lr}			// r3: so that sp stays 8-byte aligned
	ldr	r1, =kernel_sp
	str	sp, [r1]
	clrex
	mov	lr, r0
	ldm	lr, {r0-r14}^			// sp and lr are User's
	add	lr, lr, #TF_PC
	rfeia	lr
	// INSTEAD
	//| todo("3.1")
	// END SOLUTION
	.size	user_enter, . - user_enter

	.global	user_leave
	.type	user_leave, %function
user_leave:
	// BEGIN SOLUTION 3.1b
	ldr	r1, =kernel_sp
	ldr	sp, [r1]
	pop	{r3-r11, pc}
	// INSTEAD
	//| todo("3.1")
	// END SOLUTION
	.size	user_leave, . - user_leave

	.global	trap_idle
	.type	trap_idle, %function
trap_idle:
	dsb
	wfi
	cpsie	i				// what woke it is taken here
	isb
	cpsid	i
	bx	lr
	.size	trap_idle, . - trap_idle
	.ltorg

	.bss
	.balign	4
kernel_sp:
	.space	4				// where user_leave() finds what user_enter() pushed
