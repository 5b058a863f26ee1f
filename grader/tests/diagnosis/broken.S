// The ways of broken.c that C cannot take: Thumb, vectors, timers, other modes.

#include <exo/arm.h>
#include <exo/board.h>

	.arch_extension virt
	.text

.macro function name
	.global	\name
	.type	\name, %function
\name:
.endm

	.thumb
	.thumb_func
function undefined_thumb
	udf	#1
	bx	lr
	.size	undefined_thumb, . - undefined_thumb
	.arm

// A leaf that loses its return address.
function lost_lr
	mov	lr, #0
	bx	lr			// to zero
	.size	lost_lr, . - lost_lr

// With strict alignment.
function unaligned
	mrc	p15, 0, r0, c1, c0, 0
	orr	r0, r0, #2			// SCTLR.A
	mcr	p15, 0, r0, c1, c0, 0
	isb
	ldr	r1, =0x40100001
	ldr	r0, [r1]
	bx	lr
	.size	unaligned, . - unaligned

// Vectors where nothing can be: in page 0, as nobody set them, and where no memory is.
function no_vectors
	mov	r0, #0
	mcr	p15, 0, r0, c12, c0, 0		// VBAR
	svc	#1
	bx	lr
	.size	no_vectors, . - no_vectors

function far_vectors
	mov	r0, #0x60000000
	mcr	p15, 0, r0, c12, c0, 0		// VBAR
	svc	#2
	bx	lr
	.size	far_vectors, . - far_vectors

function own_vectors
	mcr	p15, 0, r0, c12, c0, 0		// VBAR
	bx	lr
	.size	own_vectors, . - own_vectors

function overflow_irq
	cps	#PSR_M_IRQ
	mov	r0, #0
	b	deep
	.size	overflow_irq, . - overflow_irq

function sleep_on
	wfi				// for ever
	b	sleep_on
	.size	sleep_on, . - sleep_on

	.balign	32
	.global	returning_vectors
returning_vectors:
	b	.
	subs	pc, lr, #4			// undefined: to the instruction itself
	b	.
	b	.
	b	.
	b	.
	subs	pc, lr, #4			// IRQ: the timer is not quietened
	b	.

// Vectors that begin behind a multiple of 32, where VBAR cannot point, and some that lead astray.
	.balign	32
	.word	0
	.global	misaligned_vectors
misaligned_vectors:
	b	crash_vectors			// reset, where undefined's should be
	.rept	7
	b	.
	.endr

	.balign	32
	.global	crossed_vectors
crossed_vectors:
	b	.
	b	.
	b	crash_vectors + 4 * 4		// the data abort's
	.rept	5
	b	.
	.endr

	.balign	32
quietening_vectors:
	.rept	6
	b	.
	.endr
	b	quieten
	b	.
quieten:
	push	{r0-r3, lr}
	mov	r0, #10000
	mcr	p15, 0, r0, c14, c2, 0		// CNTP_TVAL
	ldr	r3, =BOARD_GICC_PA
	ldr	r0, [r3, #0xc]			// GICC_IAR
	str	r0, [r3, #0x10]			// GICC_EOIR
	pop	{r0-r3, lr}
	subs	pc, lr, #4

// The timer's interrupt on, once after r0 ticks.
timer:
	ldr	r2, =BOARD_GICD_PA
	ldr	r3, =BOARD_GICC_PA
	mov	r1, #1
	str	r1, [r2]			// GICD_CTLR
	str	r1, [r3]			// GICC_CTLR
	mov	r1, #0xff
	str	r1, [r3, #4]			// GICC_PMR
	mov	r1, #1 << 30
	str	r1, [r2, #0x100]		// GICD_ISENABLER0
	mcr	p15, 0, r0, c14, c2, 0		// CNTP_TVAL
	mov	r1, #1
	mcr	p15, 0, r1, c14, c2, 1		// CNTP_CTL
	bx	lr

// An IRQ that its handler does not quieten.
function tick_storm
	ldr	r0, =returning_vectors
	mcr	p15, 0, r0, c12, c0, 0
	mov	r0, #1000
	bl	timer
	cpsie	i
1:	add	r0, r0, #1
	b	1b
	.size	tick_storm, . - tick_storm

// A clock that ticks as it should, while this stands.
function ticked
	ldr	r0, =quietening_vectors
	mcr	p15, 0, r0, c12, c0, 0
	mov	r0, #1000
	bl	timer
	cpsie	i
1:	b	1b
	.size	ticked, . - ticked

// A timer that runs, and an interrupt controller that is off.
function tick_sleep
	mov	r0, #1000
	bl	timer
	mov	r1, #0
	ldr	r2, =BOARD_GICD_PA
	str	r1, [r2]			// GICD_CTLR
1:	wfi
	b	1b
	.size	tick_sleep, . - tick_sleep
	.ltorg
