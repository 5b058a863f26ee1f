// The gate (exo/module.h): from the kernel into a module, which runs in System mode with nothing of the kernel's in
// any register, and back again. System mode's sp and lr are User's, so the application's; SVC mode's stay the
// kernel's.

#include <exo/arm.h>
#include <exo/module.h>
#include <exo/todo.h>

	.text

	.global	module_enter
	.type	module_enter, %function
module_enter:
	// TODO 5.2: what C wants kept and the application's sp and lr onto the stack; arguments; the image; away.
	todo("5.2")
	.size	module_enter, . - module_enter

	.global	module_leave
	.type	module_leave, %function
module_leave:
	// TODO 5.2: what module_enter() has put onto the stack, back; the result. Status is in r0 already.
	todo("5.2")
	.size	module_leave, . - module_leave
