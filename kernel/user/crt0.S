// Where a program starts, in A32 with its argument in r0: calls main() on the first stack, and exits with what it
// returns.

#include <exo/syscall.h>
#include <exo/user.h>

	.section .text.start, "ax"
	.global	_start
	.type	_start, %function
_start:
	ldr	sp, =USER_STACK_TOP
	mov	r11, #0
	mov	lr, #0
	bl	main
	mov	r7, #SYS_EXIT
	svc	#0
	udf	#0
	.size	_start, . - _start
