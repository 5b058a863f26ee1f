// The kernel's own mistakes, in whatever mode: an undefined instruction, a load, a jump, or a jump to one of the
// vectors that nobody uses; or one of them in a handler, while an application waits; and a real FIQ. The run's input
// says which, and what is in the registers.

#include <exo/gic.h>
#include <exo/timer.h>

#include "cases.h"

#define GICC_CTLR_FIQEN 8		// interrupts of group 0, which all are, come as FIQs (IHI 0048B, 4.4.1)

enum { FIQ = 5, WITHIN = 8 };		// of the first word; 0 to 4 are broken.S's

void broken(uint32_t which, uint32_t mode, const uint32_t *registers) __attribute__((noreturn));

static const struct {
	uint32_t which, mode, r[12];
} *in;

static void
handler(struct trapframe *tf)
{
	(void)tf;
	broken(in->which & ~WITHIN, in->mode, in->r);
}

void
check_main(void)
{
	struct trapframe tf = { .pc = CODE, .cpsr = PSR_M_USR };

	in = (const void *)params()->input;
	if (in->which == FIQ) {
		memcpy(tf.r, in->r, sizeof in->r);
		tf.r[12] = tf.sp = USER_TOP;
		gic_enable(BOARD_TIMER_IRQ);
		*mmio(BOARD_GICC_PA + GICC_CTLR) = GICC_CTLR_FIQEN | 1;
		timer_set(0);
	} else if (in->which & WITHIN) {
		trap_register(TRAP_UNDEFINED, handler);
	} else {
		handler(&tf);
	}
	space_create();
	user_enter(&tf);
}
