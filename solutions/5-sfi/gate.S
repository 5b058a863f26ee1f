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
	// BEGIN SOLUTION 5.2a
	push	{r3-r11, lr}			// r3: where the result goes
	stmdb	sp, {sp, lr}^			// the application's
	sub	sp, sp, #8
	mov	r12, r0
	mov	lr, r1
	ldm	r2, {r0-r3}
	ldm	r12, {r4-r14}^			// sp and lr are System's
	msr	spsr_cxsf, #PSR_M_SYS		// flags 0, nothing masked
	movs	pc, lr
	// INSTEAD
	//| // TODO 5.2: what C wants kept and the application's sp and lr onto the stack; arguments; the image; away.
	//| todo("5.2")
	// END SOLUTION
	.size	module_enter, . - module_enter

	.global	module_leave
	.type	module_leave, %function
module_leave:
	// BEGIN SOLUTION 5.2b
	ldm	sp, {sp, lr}^
	add	sp, sp, #8
	pop	{r3-r11, lr}
	cmp	r0, #0
	streq	r1, [r3]
	bx	lr
	// INSTEAD
	//| // TODO 5.2: what module_enter() has put onto the stack, back; the result. Status is in r0 already.
	//| todo("5.2")
	// END SOLUTION
	.size	module_leave, . - module_leave
