// The kernel's own mistakes, in whatever mode: an undefined instruction, a load, a jump, or a jump to one of
// the vectors that nobody uses; and a real FIQ. The run's input says which, and what is in the registers. Or
// each of them but that one after the other: by itself, in a handler of an undefined instruction, in trap_irq()
// and in trap_svc(), while an application waits. Then the check's own stand in the place of the crash vectors,
// and keep what they find.

#include <exo/gic.h>
#include <exo/register.h>
#include <exo/timer.h>

#include "cases.h"

#define GICC_CTLR_FIQEN 8		// interrupts of group 0, which all are, come as FIQs (IHI 0048B, 4.4.1)
#define INSTEAD         99

enum { UNDEFINED, LOAD, JUMP, RESET, HYP, FIQ, EACH };		// of the first word; up to HYP they are broken.S's

struct told {
	uint32_t r[13], lr, spsr, cpsr;
	uint32_t entry;			// of the crash vectors, and one; or INSTEAD
};

struct told told[80];

void broken(uint32_t which, uint32_t mode, const uint32_t *registers) __attribute__((noreturn));
void broken_once(uint32_t which, uint32_t mode, const uint32_t *registers, struct told *told);
void broken_over(void) __attribute__((noreturn));
extern void (*const broken_tells[8])(struct trapframe *);

static const struct {
	uint32_t which, mode, r[12];
} *in;

static struct told *now = told;
static bool busy;

static void
each(void)
{
	static const uint8_t modes[] = { PSR_M_FIQ, PSR_M_IRQ, PSR_M_SVC, PSR_M_ABT, PSR_M_UND, PSR_M_SYS };

	busy = true;
	for (unsigned which = UNDEFINED; which <= HYP; which++)
		for (unsigned i = 0; i < ARRAY_SIZE(modes); i++)
			if (which <= JUMP || modes[i] == PSR_M_SVC) {
				broken_once(which, in->mode | modes[i], in->r, now);
				now++;
			}
	busy = false;
}

static void
handler(struct trapframe *tf)
{
	(void)tf;
	timer_stop();
	if (busy) {
		now->entry = INSTEAD;
		broken_over();
	}
	each();
	user_leave(0);
}

static void
in_each_way(struct trapframe *tf)
{
	static const struct instructions svc = { CODE, 4, { 0xef000000 } };

	for (unsigned i = 0; i < ARRAY_SIZE(broken_tells); i++)
		in_place_of((void (*)(struct trapframe *))(uintptr_t)&crash_vectors[i], broken_tells[i]);
	trap_register(TRAP_UNDEFINED, handler);		// what stands at CODE
	trap_register(TRAP_PREFETCH_ABORT, handler);
	trap_register(TRAP_DATA_ABORT, handler);
	in_place_of(trap_svc, handler);
	in_place_of(trap_irq, handler);
	each();
	user_enter(tf);
	timer_set(0);
	user_enter(tf);
	put(&svc);
	user_enter(tf);
}

void
check_main(void)
{
	struct trapframe tf = { .r = { [7] = 40 }, .pc = CODE, .cpsr = PSR_M_USR };

	in = (const void *)params()->input;
	gic_enable(BOARD_TIMER_IRQ);
	space_create();
	if (in->which == EACH) {
		in_each_way(&tf);
	} else if (in->which == FIQ) {
		memcpy(tf.r, in->r, sizeof in->r);
		tf.r[12] = tf.sp = USER_TOP;
		*mmio(BOARD_GICC_PA + GICC_CTLR) = GICC_CTLR_FIQEN | 1;
		timer_set(0);
		user_enter(&tf);
	} else {
		broken(in->which, in->mode, in->r);
	}
}
