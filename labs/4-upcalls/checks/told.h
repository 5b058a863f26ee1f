// What upcalls.c and resume.c have in common: environments that see the pages of lab 3's cases (cases.h there), and a
// stretch of addresses, TELL, from which any SVC goes to the check, told.S, with all of the application's state; and to
// the kernel under test no instruction of it. What came of each entry to user mode is kept for the grader to read.
#pragma once

#include "../../3-exceptions/checks/cases.h"

#include <exo/env.h>
#include <exo/gic.h>
#include <exo/register.h>
#include <exo/timer.h>

#define TELL       0x300000		// TELL_PAGES pages to execute, SVCs all of them
#define TELL_PAGES 2
#define ENV_OF(c)  ((c)->action >> 8)
#define DO_OF(c)   ((c)->action & 0xff)

// What the save page was when an SVC was told: beside seen[], one for one.
struct told {
	struct upcall exception, slice;
	uint32_t changed, where;		// other words than the slots' (and, in resume.c, own) that are not as they were
};

struct told told[1024];
int status[1024];				// what user_enter() returned, for each case
uint32_t ended[1024];				// and how the environment is
uint32_t rest;					// where the SVC stack was when nothing had been done yet
uint32_t leaked;				// pages
struct env *env[ENV_COUNT];

static uint32_t now;				// the case that runs
static uint32_t before[PAGE_SIZE / 4];		// its save page
static bool own_may_change;

extern uint32_t told_vectors[];
void told_svc(struct trapframe *tf);		// from told.S

// An environment that sees the pages of `space`.
static inline void
env_make(uint32_t i)
{
	struct cap cap = { .rights = RIGHT_ALL };
	struct mapping m;

	cap.name[0] = 'a' + i;
	env_create(&cap, 0, &env[i]);
	for (uint32_t va = CODE; va < TELL + TELL_PAGES * PAGE_SIZE; va += PAGE_SIZE) {
		if (va == CONST + PAGE_SIZE)
			va = TELL;
		if (as_lookup(&space, va, &m) == 0)
			as_map(&env[i]->as, va, m.pa, m.prot, m.rights);
	}
}

static inline void
envs_make(uint32_t n)
{
	space_create();
	user_map(&space, TELL, TELL_PAGES * PAGE_SIZE, RIGHT_READ | RIGHT_EXEC);
	for (uint32_t page = 0; page < TELL_PAGES; page++) {
		uint32_t *word = page_of(TELL + page * PAGE_SIZE);

		for (uint32_t i = 0; i < PAGE_SIZE / 4; i++) {
			word[i] = 0xef000000;
			dccmvau((uintptr_t)&word[i]);
		}
	}
	dsb();
	iciallu(0);
	bpiall(0);
	dsb();
	isb();
	as_switch(NULL);
	for (uint32_t i = 0; i < n; i++)
		env_make(i);
}

// Something in each word of its save page.
static inline void
save_fill(struct save *save)
{
	for (uint32_t i = 0; i < PAGE_SIZE / 4; i++)
		((uint32_t *)save)[i] = 0x9e3779b9 * (i + 1) ^ 0x85ebca6b * (now + 1);
	save->exception.cpsr = 0;
}

// Run it; for ticks that are not 0 an interrupt comes that soon.
static inline int
enter(struct env *e, const struct trapframe *tf, uint32_t ticks)
{
	int left;

	memcpy(before, e->save, PAGE_SIZE);
	user_switch(&e->as);
	if (ticks != 0)
		timer_set(timer_now() + ticks);
	left = user_enter(tf);
	user_switch(NULL);
	return left;
}

static inline uint64_t
cntp_cval(void)
{
	uint32_t low, high;

	__asm__ volatile("mrrc p15, 2, %0, %1, c14" : "=r"(low), "=r"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

// Time passes, with nobody running and nothing told; the timer is as it was.
static inline void
pass(uint64_t ticks)
{
	uint64_t cval = cntp_cval(), to = timer_now() + ticks;
	uint32_t ctl = cntp_ctl_read();

	timer_set(to);
	while (timer_now() < to)
		wfi();
	timer_set(cval);
	cntp_ctl_write(ctl);
}

// Keep what an SVC told.
static inline struct seen *
keep(const struct trapframe *tf)
{
	const struct save *save = env_current()->save;
	const uint32_t *word = (const uint32_t *)save;
	struct told *t = &told[seen_count];
	struct seen *s = &seen[seen_count++];

	if (seen_count == ARRAY_SIZE(seen))
		user_leave(-1);
	s->of = now;
	s->at = (uintptr_t)tf;
	s->tf = *tf;
	t->exception = save->exception;
	t->slice = save->slice;
	for (uint32_t i = 0; i < offsetof(struct save, exception) / 4; i++)
		if (word[i] != before[i] && (i >= offsetof(struct save, revoke) / 4 || i < (own_may_change ?
		    offsetof(struct save, own) : offsetof(struct save, resume_r7)) / 4))
			if (t->changed++ == 0)
				t->where = i * 4;
	return s;
}
