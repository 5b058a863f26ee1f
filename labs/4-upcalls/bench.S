// The vectors of the other design (bench.c): lab 3's, but for the way back from a signal. And names for places in
// the programs of bench/, which are linked by themselves: the grader knows the kernel's symbols (bench/slots.h).

#include <exo/arm.h>
#include <exo/register.h>
#include <exo/trap.h>

#include "bench/signal.h"

	.text
	.balign	32
	.global	signal_vectors
signal_vectors:
	b	trap_vectors
	b	trap_vectors + 4 * TRAP_UNDEFINED
	b	1f
	b	trap_vectors + 4 * TRAP_PREFETCH_ABORT
	b	trap_vectors + 4 * TRAP_DATA_ABORT
	b	trap_vectors + 4 * 5
	b	trap_vectors + 4 * TRAP_IRQ
	b	trap_vectors + 4 * TRAP_FIQ

1:	cmp	r7, #SYS_SIGRETURN
	bne	trap_vectors + 4 * TRAP_SVC
	sub	sp, sp, #TF_SIZE
	mov	r0, sp
	add	r1, sp, #TF_SP
	stm	r1, {sp}^
	ldr	r1, [r1]
	bl	signal_return
	ldm	sp, {r0-r14}^
	add	sp, sp, #TF_PC
	rfeia	sp!

.macro at quarter, number, name
	.global	\name\()_begin, \name\()_end
	.equ	\name\()_begin, 0x10000 + 0x200 * \quarter + 16 * \number + 8
	.equ	\name\()_end, \name\()_begin + 4
.endm

.macro appel quarter, table
	at	\quarter, 0, \table\()_null
	at	\quarter, 1, \table\()_dirty
	at	\quarter, 2, \table\()_prot1
	at	\quarter, 3, \table\()_prot100
	at	\quarter, 4, \table\()_unprot100
	at	\quarter, 5, \table\()_trap
	at	\quarter, 6, \table\()_unprotect
	at	\quarter, 7, \table\()_appel1
	at	\quarter, 8, \table\()_appel2
	at	\quarter, 9, \table\()_zero
	at	\quarter, 10, \table\()_fork
	at	\quarter, 11, \table\()_clean
.endm

	appel	0, linear
	appel	1, inverted

	at	2, 0, write
	at	2, 1, translation
	at	2, 2, alignment
	at	2, 3, undefined
	at	2, 4, prefetch

	.global	handler, handler_write, handler_return
	.equ	handler, 0x10400 + 16 * 5
	.equ	handler_write, 0x10400 + 16 * 6
	.equ	handler_return, handler_write + 8

	at	3, 0, signal_null
	at	3, 1, signal_prot1
	at	3, 2, signal_prot100
	at	3, 3, signal_unprot100
	at	3, 4, signal_trap
	at	3, 5, signal_unprotect
	at	3, 6, signal_appel1
	at	3, 7, signal_appel2

// The same handler, once for each kind that comes to it.
	.global	translation_handler, alignment_handler, undefined_handler, prefetch_handler
	.equ	translation_handler, handler
	.equ	alignment_handler, handler
	.equ	undefined_handler, handler
	.equ	prefetch_handler, handler
