// Step 5.2: the gate alone. The module is a piece of this payload that tells what it finds, goes on to the next case
// as a module does that calls another one, and leaves; test_gate.py says what it is called with. An interrupt is
// pending all the while, and comes when nothing masks it any more.

#include <exo/arm.h>
#include <exo/board.h>
#include <exo/check.h>
#include <exo/gic.h>
#include <exo/module.h>
#include <exo/string.h>
#include <exo/timer.h>
#include <exo/trap.h>

#define CASES 64

struct input_case {
	uint32_t image[11], args[4], status, result;
	uint32_t kept[11];		// r4 to r11, User's sp and lr, flags
	uint32_t nested;		// as the case before it leaves
};

struct told {
	uint32_t r[15], cpsr, sp, irq_pc, irq_psr, irqs, spare[12];
	uint32_t kept[16];		// as gate.S has it
	uint32_t status, result;
};

_Static_assert(offsetof(struct told, irqs) == 76 && offsetof(struct told, kept) == 128, "gate.S and C agree");

struct told told[CASES];

extern uint32_t gate_vectors[];
extern struct told *gate_told;
extern uint32_t *gate_kept;
int gate_call(const struct module *m, const uint32_t args[4], uint32_t *result);
const uint32_t *gate_next(void);

static const struct input_case *cases;
static uint32_t count, next;

static void
run(void)
{
	uint32_t i = next++;
	const struct input_case *c = &cases[i];
	struct told *outer = gate_told;
	uint32_t *outer_kept = gate_kept;
	struct module m = { .owner = 0 };

	gate_told = &told[i];
	gate_kept = told[i].kept;
	memcpy(&m, c->image, sizeof c->image);
	memcpy(told[i].kept, c->kept, sizeof c->kept);
	told[i].result = 0x12345678;
	timer_set(0);
	told[i].status = gate_call(&m, c->args, &told[i].result);
	gate_told = outer;
	gate_kept = outer_kept;
}

// From the module of the newest case: what it leaves with.
const uint32_t *
gate_next(void)
{
	uint32_t i = gate_told - told;

	while (next < count && cases[next].nested == i + 1)
		run();
	return &cases[i].status;
}

void
check_main(void)
{
	cases = (const struct input_case *)params()->input;
	count = params()->input_size / sizeof *cases;
	vbar_write((uintptr_t)gate_vectors);
	isb();
	gic_enable(BOARD_TIMER_IRQ);
	while (next < count)
		run();
	timer_stop();
	vbar_write((uintptr_t)crash_vectors);
	isb();
}
