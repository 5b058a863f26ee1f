// From reset to C (exo/boot.h): the mode, the core, the stacks, then the rest of the kernel.
// Nothing works yet when this starts: no stack, no known register, no .bss. It runs once.

#include <exo/arm.h>
#include <exo/boot.h>
#include <exo/todo.h>

	.text

	.global	_start
	.type	_start, %function
_start:
	// Step 1.1: SVC mode, everything masked, core 0 alone.
	todo("1.1")

	bl	boot_stacks
	bl	boot_bss

	// Step 1.3: into C, where a backtrace ends.
	todo("1.3")
	.size	_start, . - _start

	.global	boot_stacks
	.type	boot_stacks, %function
boot_stacks:
	// Step 1.2: each mode has an sp of its own; visit the mode to set it. System's is User's too.
	todo("1.2")
	.size	boot_stacks, . - boot_stacks
