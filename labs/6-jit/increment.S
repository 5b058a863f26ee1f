// The vectors while increments are counted (increment.c): those of environments, but that the interrupt which is the
// frame comes to a name of its own on the way, one for each row and column of the table. From there on it is one branch
// more than without.

#include <exo/board.h>

	.text
	.balign	32
	.global	increment_vectors
increment_vectors:
	.irp	vector, 0, 4, 8, 12, 16, 20
	b	upcall_vectors + \vector
	.endr
	b	1f
	b	upcall_vectors + 28

1:	ldr	sp, =increment_pending
	ldr	sp, [sp]
	ldr	sp, [sp]
	cmp	sp, #BOARD_VTIMER_IRQ
	bne	upcall_vectors + 24
	ldr	sp, =increment_in
	ldr	pc, [sp]
	.ltorg

	.irp	way, trusted, handler, upcall, scheduled, suspended
	.irp	count, 1, 4, 16
	.global	\way\()_\count
\way\()_\count:
	b	upcall_vectors + 24
	.endr
	.endr
