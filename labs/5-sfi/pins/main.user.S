// The application's ways to toggle a pin, r0 times. What is counted has its address from ../pins.S, 64 bytes for each
// from 0x10000 on.

#include <exo/syscall.h>
#include <exo/upcall.h>
#include <sfi/page.h>

#include "ways.h"

	.section .text.start, "ax"

.macro way name
	.balign	64
	.global	\name
	.type	\name, %function
\name:
.endm

	way	by_system_call
	push	{r4, r5, r7, lr}
	mov	r4, r0
	mov	r7, #SYS_PIN_WRITE
1:	mov	r0, #BY_SYSTEM_CALL		// 0x1000c
	mov	r1, #BY_SYSTEM_CALL
	svc	#0
	mov	r0, #BY_SYSTEM_CALL
	mov	r1, #0
	svc	#0
	subs	r4, r4, #1
	bne	1b
	pop	{r4, r5, r7, pc}

	way	by_page
	mov	r1, #GPIO_PAGE
	mov	r2, #BY_PAGE
	mov	r3, #0
1:	str	r2, [r1, #BY_PAGE << 2]		// 0x1004c
	str	r3, [r1, #BY_PAGE << 2]
	subs	r0, r0, #1
	bne	1b
	bx	lr

// Events, and the handler that toggles for each. It has r0 to r2, which are in the exception slot, and goes on behind
// the instruction.
	way	by_upcall
	push	{r4, lr}
	mov	r4, r0
1:	udf	#0				// 0x10088
	subs	r4, r4, #1
	bne	1b
	pop	{r4, pc}

	way	upcall
	mov	r1, #GPIO_PAGE			// 0x100c0
	mov	r2, #BY_UPCALL
	str	r2, [r1, #BY_UPCALL << 2]
	mov	r2, #0
	str	r2, [r1, #BY_UPCALL << 2]
	mov	r0, #USER_TOP
	ldr	r1, [r0, #-4]			// of the slot: where to go on
	add	r1, r1, #4
	str	r1, [r0, #-4]
	b	resume_exception

// Call a module's function that does nothing: (module, function, arguments, how often).
	way	by_call
	push	{r4-r8, lr}
	mov	r4, r0
	mov	r5, r1
	mov	r6, r2
	mov	r8, r3
	mov	r7, #SYS_MODULE_CALL
1:	mov	r0, r4
	mov	r1, r5
	mov	r2, r6
	svc	#0				// 0x10124
	subs	r8, r8, #1			// 0x10128
	bne	1b
	pop	{r4-r8, pc}
	.balign	64
