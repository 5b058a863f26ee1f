// Step 4.2: slots as the run's input has them are gone on with, by resume.S in user mode or by SYS_RESUME; where that
// leads is an SVC in TELL. An interrupt may come in between: then the environment is entered as at a slice's end, and
// goes on from there by resume_slice().

#include "told.h"

#define SYS_PLACES 40

static uint32_t places[4];		// resume_exception, resume_slice, and SYS_RESUME of both slots
static uint32_t interrupts;
uint32_t interrupted;			// how many cases have been
uint32_t stopped[1024];			// of each: the next instruction of the way back (A32), if the slot is free already

static int32_t
sys_places(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
	places[0] = a0, places[1] = a1, places[2] = a2, places[3] = a3;
	user_leave(0);
}

static void
tick(unsigned irq, void *arg)
{
	(void)irq, (void)arg;
	timer_stop();
	interrupts++;
}

void
told_interrupt(struct trapframe *tf)
{
	struct save *save = env_current()->save;

	trap_irq(tf);
	if (save->slice.cpsr != 0)
		return;
	if (!(tf->cpsr & PSR_T) && tf->pc / (TELL_PAGES * PAGE_SIZE) != TELL / (TELL_PAGES * PAGE_SIZE) &&
	    save->exception.cpsr == 0)
		stopped[now] = *(const uint32_t *)(uintptr_t)tf->pc;
	save->slice = (struct upcall){ tf->cpsr, 0, 0, { tf->r[0], tf->r[1], tf->r[2] }, tf->pc };
	tf->pc = places[1];
	tf->cpsr = PSR_M_USR;
	interrupted++;
}

void
told_svc(struct trapframe *tf)
{
	timer_stop();
	if (rest == 0)
		rest = (uintptr_t)tf;
	else
		keep(tf)->number = interrupts;
	user_leave(0x2000 + now);
}

// Where the case goes on from: what is interrupted in its slot.
static void
slots_fill(const struct input_case *c, struct save *save)
{
	const struct trapframe *to = &c->next;
	struct upcall *slot = c->x & 1 ? &save->slice : &save->exception;

	save_fill(save);
	if (c->y != 0)
		save->slice.cpsr = 0;
	*slot = (struct upcall){ to->cpsr, 0, 0, { to->r[0], to->r[1], to->r[2] }, to->pc };
	save->resume_r7[!(c->x & 1)] = to->r[7];
}

void
check_main(void)
{
	struct trapframe tf = { .cpsr = PSR_M_USR };
	struct mapping m;

	syscall_register(SYS_PLACES, sys_places);
	irq_register(BOARD_TIMER_IRQ, tick, NULL);
	gic_enable(BOARD_TIMER_IRQ);
	own_may_change = true;
	envs_make(0);
	env_load("main", "a", &env[0]);
	for (uint32_t va = TELL; va < TELL + TELL_PAGES * PAGE_SIZE; va += PAGE_SIZE) {
		as_lookup(&space, va, &m);
		as_map(&env[0]->as, va, m.pa, m.prot, m.rights);
	}
	vbar_write((uintptr_t)told_vectors);
	isb();
	tf.pc = env[0]->save->begin;
	enter(env[0], &tf, 0);
	tf.pc = TELL;
	enter(env[0], &tf, 0);
	for (now = 0; now < case_count(); now++) {
		const struct input_case *c = &cases()[now];

		put(&c->code[0]);
		slots_fill(c, env[0]->save);
		tf = c->tf;
		tf.pc = places[c->x];
		status[now] = enter(env[0], &tf, c->y);
		ended[now] = env[0]->ended;
		if (ended[now])
			break;
	}
}
