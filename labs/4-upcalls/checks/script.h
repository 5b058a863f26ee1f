// Environments that do what a script says, and a record of all that happens. Their entry points are SVCs in TELL
// (told.h); at each of them what is found there is kept, with the counter and the timer, and the environment's next
// operation is carried out: some by the check itself, such as letting time pass; the others by sending the application
// on to an instruction of its own, by which it calls the kernel under test, waits or faults. So nobody runs here but
// the kernel, and every time is told.
#pragma once

#include "told.h"
#include <exo/error.h>
#include <exo/revoke.h>
#include <exo/slice.h>
#include <exo/syscall.h>
#include <exo/todo.h>

enum operation {
	EXIT, YIELD, SLEEP, TAKE, GIVE, TRANSFER, DESTROY, FAULT, WAIT,		// the application's; WAIT: for so many interrupts
	PAGES,			// SYS_PAGES: operation a for b pages from c on
	CHECKS,			// behind it: the check's
	PASS = CHECKS,		// so many ticks pass
	FREE,			// the slice slot is
	ENTRY,			// number a is b; or, for 1, what it was
	MAKE,			// an environment, in the lowest place that is free
	GUARANTEE,		// b pages from a on, beside what nobody can do without
	SAVE_WORD,		// number a of the save page is b
	ASK,			// a page operation has found no page free
	IF_TOLD,		// the next a operations are left out unless it has just been entered at `revoke`
	UNTIL,			// ticks pass until a are left before the next interrupt, and it comes when it comes
};

#define SCRIPTS  16		// environments that have one
#define NO_NAME  0xff		// for `a` of YIELD, GIVE, TRANSFER, DESTROY: 0. Else a number of an environment, with
#define OLD      0x40		// the name of who was there before
#define NEVER    0x80		// a name that nobody ever had
#define SYNC     0x100
#define RETURNED 21		// beside the entry points, in TELL: a system call has returned, or the wait is over

struct script_op {
	uint32_t what, a, b, c;
};

struct script {
	uint32_t envs, owner[SLICE_COUNT];	// of each slice, by number; NO_NAME
	uint32_t pages[SCRIPTS];		// mapped from HEAP on, beside three others
	uint32_t exhausted;			// no page is left
	uint32_t first[SCRIPTS + 1];
	struct script_op op[];
};

struct event {
	uint64_t time, left;			// when it was entered, and when it went on
	uint64_t timer, wake, asked;		// the timer's next interrupt; until when it then sleeps; when ASK was
	uint32_t env, id, what;
	uint32_t r0, r7, any, cpsr;		// any: all other registers, or-ed
	uint32_t excess, slot_pc, slot_cpsr;
	uint32_t space;				// tables and ASID are its own
	uint32_t wanted, repossessed, taken, pages, lowest;	// of its save page, taken[] as a sum; of its memory
	uint32_t zero;
};

struct event events[2048];
uint64_t tapped;				// when it begins
uint32_t event_count, events_end[ENV_COUNT];	// how each has ended
uint32_t names[ENV_COUNT], old_names[ENV_COUNT];

#define HEAP    0x400000
#define OPS_VA  DATA

static uint32_t at[SCRIPTS];
static bool with_memory;

static inline const struct script *
script(void)
{
	return (const struct script *)params()->input;
}

static uint32_t exhausted;		// pages that nobody else is to have

static inline void
exhaust(void)
{
	static const struct guard nobody;
	physaddr_t pa;

	while (script()->exhausted && page_alloc(PAGE_ANY, OWNER_KERNEL, &nobody, &pa) == 0)
		exhausted++;
}

static inline void
script_make(void)
{
	struct cap cap;
	struct mapping m;
	struct env *e;
	physaddr_t pa;
	static const uint8_t name[CAP_NAME] = "all";

	cap_mint(&cap, name, RIGHT_ALL, cap_now());
	if (env_create(&cap, 0, &e) < 0)
		return;
	old_names[e - envs] = names[e - envs];
	names[e - envs] = e->id;
	e->parent = (e - envs) % 2 ? names[0] : 0;	// of those that have one what is left stays
	for (uint32_t va = CODE; va < TELL + PAGE_SIZE; va = va == CODE ? TELL : va + PAGE_SIZE) {
		as_lookup(&space, va, &m);
		as_map(&e->as, va, m.pa, m.prot, m.rights);
	}
	page_alloc(PAGE_ANY, e->id, &e->guard, &pa);
	as_map(&e->as, OPS_VA, pa, RIGHT_READ | RIGHT_WRITE, RIGHT_READ | RIGHT_WRITE);
	page_release(pa);
	for (uint32_t i = 0; i < 21; i++)
		(&e->save->revoke)[i] = TELL + 4 * i;
	e->save->guaranteed[0] = CODE;		// what it cannot do without
	e->save->guaranteed[1] = OPS_VA;
	e->save->guaranteed[2] = TELL;
}

static inline uint32_t
name_of(uint32_t a)
{
	uint32_t slot = a & 0x3f, id = a & NEVER ? names[slot] + 0x10000 : a & OLD ? old_names[slot] : names[slot];

	return (a & 0xff) == NO_NAME ? 0 : (id != 0 ? id : 0x123400 + slot) | (a & SYNC ? TRANSFER_SYNC : 0);
}

// SYS_PAGES for one page after the other, laid out where the environment can read it.
static inline uint32_t
pages_lay(struct env *self, const struct script_op *op)
{
	struct mapping m;
	struct page_op *to;
	uint32_t n;

	as_lookup(&self->as, OPS_VA, &m);
	to = p2v(m.pa);
	for (n = 0; n < op->b && n < PAGE_SIZE / sizeof *to; n++)
		to[n] = (struct page_op){ op->a, op->c + n * PAGE_SIZE, RIGHT_READ | RIGHT_WRITE, PAGE_ANY, SAVE_VA, 0 };
	return n;
}

// A page operation has found no page free. How long the asking took is not to decide whether REVOKE_TICKS are over.
static void
script_ask(struct event *e)
{
	static uint64_t begun, done;
	const struct env *whom = revocation.env;
	uint64_t over = done + REVOKE_TICKS + 1000;

	if (whom != NULL && timer_now() + 1000 > begun + REVOKE_TICKS && timer_now() < over)
		pass(over - timer_now());
	e->asked = timer_now();
	revoke_ask();
	if (revocation.env != NULL && revocation.env != whom) {
		begun = e->asked;
		done = timer_now();
	}
}

static void
script_next(struct event *e, struct env *self, struct trapframe *tf)
{
	static const struct script_op leave = { EXIT, 0, 0, 0 };
	uint32_t slot = self - envs;
	const struct script_op *op;
	uint64_t ahead;
	bool soon = false;

	for (;;) {
		op = slot < SCRIPTS && at[slot] < script()->first[slot + 1] ? &script()->op[at[slot]++] : &leave;
		if (op->what < CHECKS)
			break;
		if (op->what == PASS)
			pass(op->a);
		else if (op->what == FREE)
			self->save->slice.cpsr = 0;
		else if (op->what == ENTRY)
			(&self->save->revoke)[op->a] = op->b == 1 ? TELL + 4 * op->a : op->b;
		else if (op->what == MAKE)
			script_make();
		else if (op->what == GUARANTEE)
			for (uint32_t i = 0; i < GUARANTEED - 3; i++)
				self->save->guaranteed[3 + i] = i < op->b ? op->a + i * PAGE_SIZE + i : 0;
		else if (op->what == SAVE_WORD)
			((uint32_t *)self->save)[op->a] = op->b;
		else if (op->what == IF_TOLD)
			at[slot] += e->what == 0 ? 0 : op->a;
		else if (op->what == ASK)
			script_ask(e);
		else if (op->what == UNTIL && cntp_cval() > timer_now() + op->a)
			pass(cntp_cval() - timer_now() - op->a), soon = true;
	}
	// No interrupt comes so soon that it would matter how many instructions who needs.
	ahead = cntp_cval() - timer_now();
	if (cntp_cval() <= timer_now())
		ahead = SLICE_TICKS - (timer_now() - cntp_cval()) % SLICE_TICKS;
	if (ahead < 1500 && !soon)
		pass(ahead + 100);
	for (int i = 0; i < 13; i++)
		tf->r[i] = 0x5a5a0000 + i;		// nobody is to find these again
	tf->sp = tf->lr = 0xa5a5a5a5;
	tf->pc = CODE;
	tf->cpsr = PSR_M_USR | 0xf80f0000;
	switch (op->what) {
	case EXIT:
		tf->r[7] = SYS_EXIT;
		tf->r[0] = slot;
		break;
	case SLEEP:
		e->wake = op->b != 0 ? UINT64_MAX : timer_now() + op->a;
		tf->r[7] = SYS_SLEEP;
		tf->r[0] = e->wake;
		tf->r[1] = e->wake >> 32;
		break;
	case TAKE:
		tf->r[7] = SYS_SLICE_TAKE;
		tf->r[0] = op->a;
		break;
	case GIVE:
		tf->r[7] = SYS_SLICE_GIVE;
		tf->r[0] = op->b;
		tf->r[1] = name_of(op->a);
		break;
	case YIELD:
	case TRANSFER:
	case DESTROY:
		tf->r[7] = op->what == YIELD ? SYS_YIELD : op->what == TRANSFER ? SYS_TRANSFER : SYS_ENV_DESTROY;
		tf->r[0] = name_of(op->a);
		tf->r[1] = SAVE_VA;
		break;
	case PAGES:
		tf->r[7] = SYS_PAGES;
		tf->r[0] = ENV_SELF;
		tf->r[1] = OPS_VA;
		tf->r[2] = pages_lay(self, op);
		break;
	case FAULT:
		self->save->exception.cpsr = 1;
		tf->pc = CODE + 64;
		break;
	case WAIT:
		tf->r[0] = op->a;
		tf->pc = CODE + 16;
	}
	e->left = timer_now();
}

void
told_svc(struct trapframe *tf)
{
	struct event *e = &events[event_count];
	struct env *self = env_current();
	struct mapping m;
	uint32_t va = 0;

	e->time = timer_now();
	e->timer = cntp_ctl_read() & 1 ? cntp_cval() : 0;
	e->env = self - envs;
	e->id = names[e->env];
	e->what = (tf->pc - 4 - TELL) / 4;
	e->r0 = tf->r[0];
	e->r7 = tf->r[7];
	e->any = tf->sp | tf->lr;
	for (int i = 1; i < 13; i++)
		e->any |= i == 7 ? 0 : tf->r[i];
	e->cpsr = tf->cpsr;
	e->excess = self->save->excess;
	e->slot_pc = self->save->slice.pc;
	e->slot_cpsr = self->save->slice.cpsr;
	e->space = ttbr0_read() == self->ttbr0 && contextidr_read() == self->as.asid && self->live == self->id;
	if (with_memory) {
		e->wanted = self->save->wanted;
		e->repossessed = self->save->repossessed;
		for (; env_next(self, &va, &m); va += PAGE_SIZE, e->pages++)
			if (va >= HEAP && e->lowest == 0)
				e->lowest = va;
		for (uint32_t i = 0; i < REPOSSESSED; i++)
			e->taken += (i + 1) * self->save->taken[i];
	}
	if (event_count == 0)
		exhaust();
	if (++event_count == ARRAY_SIZE(events))
		report("too many events"), user_leave(0);
	script_next(e, self, tf);
}

#define SYS_TAP 40

// From here on what environments do is told; env_run() has set the kernel's own vectors.
static int32_t
sys_tap(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
	(void)a0, (void)a1, (void)a2, (void)a3;
	vbar_write((uintptr_t)told_vectors);
	isb();
	tapped = timer_now();
	return 0;
}

// All environments but for one more, the last, who has slice 15, begins first, taps the vectors and ends.
static inline void
script_envs(void)
{
	const struct script *s = script();
	uint32_t *tell;

	if (sys_slice_take(SLICE_COUNT, 0, 0, 0) == -E_NOSYS)	// as the starter has it, for part a's sake
		todo("4.7");
	syscall_register(SYS_TAP, sys_tap);
	space_create();
	user_map(&space, TELL, PAGE_SIZE, RIGHT_READ | RIGHT_EXEC);
	tell = page_of(TELL);
	for (uint32_t i = 0; i < PAGE_SIZE / 4; i++)
		tell[i] = 0xef000000;
	put(&(struct instructions){ CODE, 12, { 0xef000000, 0xe51ff004, TELL + 4 * RETURNED } });	// svc #0; ldr pc, =
	put(&(struct instructions){ CODE + 16, 16, { 0xe320f003, 0xe2500001, 0x1afffffc, 0xe51ff004 } });	// wfi; subs; bne
	put(&(struct instructions){ CODE + 32, 4, { TELL + 4 * RETURNED } });
	put(&(struct instructions){ CODE + 48, 16, { 0xe3a07000 | SYS_TAP, 0xef000000, 0xe3a07002, 0xef000000 } });
	as_switch(NULL);
	for (uint32_t i = 0; i <= s->envs; i++)
		script_make();
	envs[s->envs].save->begin = CODE + 48;
	envs[s->envs].parent = 0;
	for (uint32_t i = 0; i < SCRIPTS; i++)
		at[i] = s->first[i];
	for (uint32_t i = 0; i < SLICE_COUNT; i++)
		if (s->owner[i] != NO_NAME)
			slice_assign(i, names[s->owner[i]], names[s->owner[i]]);
	slice_assign(SLICE_COUNT - 1, names[s->envs], names[s->envs]);
	slice_position = SLICE_COUNT - 2;
}

static inline void
script_run(void)
{
	env_run();
	for (uint32_t i = 0; i < ENV_COUNT; i++)
		events_end[i] = envs[i].live == envs[i].id && envs[i].id != 0 ? 0 : envs[i].ended;
}
