// The module that is called: its function is the return, with the first argument as it is.

#include <exo/module.h>

	.section .calls, "a"
	.word	nothing

	.text
	.equ	return, 4 * RUNTIME_RETURN	// at the segment's start
nothing:
	b	return
