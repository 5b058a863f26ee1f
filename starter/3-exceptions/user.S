// Into user mode and out of it for good (exo/trap.h), and the kernel's sleep.

#include <exo/arm.h>
#include <exo/todo.h>
#include <exo/trap.h>

	.text

	.global	user_enter
	.type	user_enter, %function
user_enter:
	todo("3.1")
	.size	user_enter, . - user_enter

	.global	user_leave
	.type	user_leave, %function
user_leave:
	todo("3.1")
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
