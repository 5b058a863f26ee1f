// `make run LAB=3`: a program that follows a null pointer and is ended; one that says hello, asks for what is not its own, and is
// interrupted without noticing; then others, as you type.

#include <exo/board.h>
#include <exo/check.h>
#include <exo/console.h>
#include <exo/error.h>
#include <exo/gic.h>
#include <exo/power.h>
#include <exo/timer.h>
#include <exo/trap.h>
#include <exo/user.h>

#define PERIOD 100000		// ticks of the timer

static const char *const kinds[] = {
	"unknown", "alignment", "translation", "access flag", "domain", "permission", "external", "external, on the walk", "parity",
	"parity, on the walk", "cache maintenance", "TLB conflict", "debug event", "lockdown", "coprocessor",
};

static void
aborted(unsigned number, const struct trapframe *tf)
{
	struct fault f;

	printk("  aborted at 0x%08x: ", tf->pc);
	fault_decode(number, &f);
	printk("%s, level %u, %s 0x%08x\n", kinds[f.kind], f.level,
	    number == TRAP_PREFETCH_ABORT ? "fetching from" : f.write ? "writing to" : "reading from", f.address);
	user_leave(-E_FAULT);
}

static void
data_abort(struct trapframe *tf)
{
	aborted(TRAP_DATA_ABORT, tf);
}

static void
prefetch_abort(struct trapframe *tf)
{
	aborted(TRAP_PREFETCH_ABORT, tf);
}

static void
tick(unsigned irq, void *arg)
{
	(void)irq, (void)arg;
	printk("  tick\n");
	timer_set(timer_now() + PERIOD);
}

static void
run(int key)
{
	printk("%c:\n", key);
	printk("  it ended with %d\n", user_run("hello", key));
}

void
check_main(void)
{
	int key;

	trap_register(TRAP_DATA_ABORT, data_abort);
	trap_register(TRAP_PREFETCH_ABORT, prefetch_abort);
	run('n');
	irq_register(BOARD_TIMER_IRQ, tick, NULL);
	gic_enable(BOARD_TIMER_IRQ);
	timer_set(timer_now() + PERIOD);
	run('h');
	timer_stop();
	printk("Press n (null pointer), t (its own text), k (the kernel's memory), j (a jump there),\n"
	       "u (no instruction) or h (hello). Ctrl-D switches off.\n");
	while ((key = console()->getc()) != 'D' - '@')
		run(key);
	power_off();
}
