// The kernel's own mistakes, in whatever mode: an undefined instruction, a load, a jump, or a jump to one of the
// vectors that nobody uses; or one of them in a handler of an undefined instruction, in trap_svc() or in trap_irq(), while
// an application waits; and a real FIQ. The run's input says which, and what is in the registers.

#include <exo/gic.h>
#include <exo/register.h>
#include <exo/timer.h>

#include "cases.h"

#define GICC_CTLR_FIQEN 8		// interrupts of group 0, which all are, come as FIQs (IHI 0048B, 4.4.1)

enum { FIQ = 5, WITHIN = 8 };		// of the first word: 0 to 4 are broken.S's, from WITHIN on TRAP_'s

void broken(uint32_t which, uint32_t mode, const uint32_t *registers) __attribute__((noreturn));

static const struct {
	uint32_t which, mode, r[12];
} *in;

static void
handler(struct trapframe *tf)
{
	(void)tf;
	broken(in->which % WITHIN, in->mode, in->r);
}

void
check_main(void)
{
	static const struct instructions svc = { CODE, 4, { 0xef000000 } };
	struct trapframe tf = { .r = { [7] = 40 }, .pc = CODE, .cpsr = PSR_M_USR };

	in = (const void *)params()->input;
	if (in->which < FIQ)
		handler(NULL);
	if (in->which == FIQ) {
		memcpy(tf.r, in->r, sizeof in->r);
		tf.r[12] = tf.sp = USER_TOP;
		*mmio(BOARD_GICC_PA + GICC_CTLR) = GICC_CTLR_FIQEN | 1;
	}
	trap_register(TRAP_UNDEFINED, handler);		// what stands at CODE
	in_place_of(trap_svc, handler);
	in_place_of(trap_irq, handler);
	gic_enable(BOARD_TIMER_IRQ);
	space_create();
	if (in->which / WITHIN == TRAP_SVC)
		put(&svc);
	if (in->which == FIQ || in->which / WITHIN == TRAP_IRQ)
		timer_set(0);
	user_enter(&tf);
}
