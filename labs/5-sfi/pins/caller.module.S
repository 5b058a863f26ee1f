// A module that calls another one, of somebody else, again and again: by hand, so that it is known where it does so.
// r0 to r3 are 0 all the while: module CALLEE, its first function, two arguments.

#include <exo/module.h>

#include "ways.h"

	.section .calls, "a"
	.word	calls

	.text
calls:	push	{r4, lr}
	mov	r4, #TOGGLES
1:	bl	call				// counted from here
	subs	r4, r4, #1			// to here
	bne	1b
	pop	{r4, lr}
	lsr	r12, lr, #2
	bfi	r9, r12, #2, #18
	bx	r9
