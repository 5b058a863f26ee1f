// The protected control transfer (exo/slice.h): from one environment straight into another, in at most 30 instructions.
// There are two registers to do it with: lr, and r7, which the caller has given up.

#include <exo/arm.h>
#include <exo/env.h>
#include <exo/error.h>
#include <exo/syscall.h>
#include <exo/todo.h>

	.text

	.global	transfer
	.type	transfer, %function
transfer:
	// TODO 4.8: is there such a one; into its address space; its `transfer`. Refused: as if nothing had been.
	todo("4.8")
	.size	transfer, . - transfer
