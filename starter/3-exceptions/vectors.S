// The exception vectors (exo/trap.h): from whatever was interrupted into C, and back. Each
// exception has its own way of saying where it came from; behind that they are all alike.

#include <exo/arm.h>
#include <exo/register.h>
#include <exo/syscall.h>
#include <exo/todo.h>
#include <exo/trap.h>

	.text

	.balign	32
	.global	trap_vectors
trap_vectors:
	b	crash_vectors
	b	1f				// TODO 3.2: each exception its own
	b	1f
	b	1f
	b	1f
	b	crash_vectors + 4 * 5
	b	1f
	b	crash_vectors + 4 * 7
1:	todo("3.2")
