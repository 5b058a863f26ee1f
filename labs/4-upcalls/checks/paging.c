// Steps 4.4 to 4.6: environments carry out the steps that the run's input lists, one after the other whoever's it is,
// and what came of each is kept: results, calls of the trap handler, and from the kernel's side what is mapped in which
// environment, what lies there, and how many pages are free.

#include <exo/board.h>
#include <exo/check.h>
#include <exo/env.h>
#include <exo/error.h>
#include <exo/page.h>
#include <exo/register.h>
#include <exo/revoke.h>
#include <exo/slice.h>
#include <exo/syscall.h>
#include <exo/timer.h>
#include <exo/trap.h>

#include "paging.h"

#define NONE 0xffffffff

struct input {
	uint32_t look;			// at what is mapped, behind every step
	uint32_t watched, given, steps;
	uint32_t words[];		// addresses of pages; what is mapped at first; steps
};

struct given {			// a page that is there when the program begins
	uint32_t va, prot, seed, offset, word;
};

enum { TRAPPED = 1, DONE, ENDED };

struct entry {
	uint32_t kind, step, x, y;
	uint32_t free;		// pages, and environments from bit 24 on
};

struct entry entries[8192];
uint32_t entry_count, leaked;
uint32_t look_count;
uint32_t looks[1 << 20] __attribute__((section(".noinit")));	// for each step and environment: descriptors, or hashes

// A machine with few pages, so that it takes little time to have none.
__asm__(".global pages_end\n.set pages_end, 0x40800000");

static struct env nobody;		// has been asked for pages (exo/revoke.h), so that nobody else is

static const uint32_t *watched;
static const struct step *steps;
static uint32_t at;			// the next step
static uint32_t pending[WHO_MAX];	// the step that each is in
static uint32_t ids[WHO_MAX];
static uint32_t acted;
static uint32_t inverted;		// programs that begin have the inverted table
static physaddr_t hoard;		// pages that nobody is to have, each with the one before in its first word

static const struct input *
input(void)
{
	return (const struct input *)params()->input;
}

static struct env *
alive(uint32_t who)
{
	struct env *env = ids[who] == 0 ? NULL : env_find(ids[who]);

	return env == NULL || env->ended ? NULL : env;
}

static uint32_t
descriptor(const struct env *env, uint32_t va)
{
	const uint32_t *l1 = p2v(env->as.l1), entry = l1[va / SECTION_SIZE];
	const uint32_t *l2 = p2v(entry & L1_TABLE_PA);

	return (entry & L1_TYPE) == L1_TABLE ? l2[va / PAGE_SIZE % L2_ENTRIES] : 0;
}

static uint32_t
hash(const uint32_t *word)
{
	uint32_t h = 0;

	for (uint32_t i = 0; i < PAGE_SIZE / 4; i++)
		h += word[i] * (2 * i + 1);
	return h;
}

static void
look(bool inside)
{
	for (uint32_t who = 0; who < WHO_MAX; who++) {
		const struct env *env = alive(who);

		if (env == NULL)
			continue;
		for (uint32_t i = 0; i < input()->watched; i++) {
			uint32_t entry = descriptor(env, watched[i]);

			if (inside && entry != 0)
				entry = page_at(entry & L2_PA) == NULL ? 0 : hash(p2v(entry & L2_PA));
			looks[look_count++] = entry;
		}
	}
}

static uint32_t
environments_free(void)
{
	uint32_t count = 0;

	for (unsigned i = 0; i < ENV_COUNT; i++)
		count += envs[i].id == 0;
	return count;
}

counted void
step_done(uint32_t kind, uint32_t step, uint32_t x, uint32_t y)
{
	if (entry_count < sizeof entries / sizeof *entries)
		entries[entry_count++] = (struct entry){ kind, step, x, y, page_free_count() + (environments_free() << 24) };
	if (kind != TRAPPED && (input()->look || steps[step].what == STEP_LOOK))
		look(steps[step].what == STEP_LOOK);
}

static void
hoard_pages(uint32_t leave)
{
	struct guard guard = { .epoch = 0 };
	physaddr_t pa;

	while (leave != NONE && page_free_count() > leave && page_alloc(PAGE_ANY, OWNER_KERNEL, &guard, &pa) == 0) {
		*(physaddr_t *)p2v(pa) = hoard;
		hoard = pa;
	}
	while (hoard != 0 && (leave == NONE || page_free_count() < leave)) {
		pa = hoard;
		hoard = *(physaddr_t *)p2v(pa);
		page_release(pa);
	}
}

// Environments that have ended, and that nobody asks about.
static void
hoard_environments(bool none)
{
	for (unsigned i = 0; i < ENV_COUNT; i++)
		if (none && envs[i].id == 0) {
			envs[i].id = (1 << 25) + i;
			envs[i].ended = ENDED_KILLED;
			envs[i].live = ~i;
			envs[i].parent = 0;
		} else if (!none && envs[i].id == (1 << 25) + i) {
			envs[i].id = 0;
		}
}

// Steps that somebody has died in are over, too.
static void
bury(void)
{
	for (uint32_t who = 0; who < WHO_MAX; who++)
		if (pending[who] != NONE && ids[who] != 0 && alive(who) == NULL) {
			const struct env *env = &envs[ids[who] % ENV_COUNT];

			step_done(ENDED, pending[who], env->ended, env->status);
			pending[who] = NONE;
		}
}

// Who is to go on: the one whose step has to be over before the next one, or whose the next one is; NONE: nobody.
static uint32_t
turn(void)
{
	for (uint32_t who = 0; who < WHO_MAX; who++)
		if (pending[who] != NONE && steps[pending[who]].what != STEP_WAIT)
			return who;
	for (; at < input()->steps && steps[at].what >= STEP_HOARD; at++) {
		if (steps[at].what == STEP_HOARD)
			hoard_pages(steps[at].a);
		else if (steps[at].what == STEP_INVERTED)
			inverted = 1;
		else if (steps[at].what == STEP_FILL_UP)
			hoard_environments(steps[at].a != NONE);
		step_done(DONE, at, 0, 0);
	}
	return at < input()->steps && alive(steps[at].who) != NULL ? steps[at].who : NONE;
}

// One is what it should be; while slices cannot be taken yet (step 4.7, part b's) that is not asked.
static uint32_t
slices_of(uint32_t id)
{
	uint32_t count = 0;

	if (sys_slice_take(SLICE_COUNT, 0, 0, 0) == -E_NOSYS)
		return id != 0;
	for (unsigned i = 0; i < SLICE_COUNT; i++)
		count += id != 0 && slices[i].owner == id && slices[i].user == id;
	return count;
}

static int32_t
sys_next(uint32_t who, uint32_t result, uint32_t value, uint32_t to)
{
	struct step step = { .who = 0 };
	uint32_t next;

	if (who >= WHO_MAX)
		return NEXT_DONE;
	ids[who] = env_current()->id;
	bury();
	if (pending[who] != NONE) {
		if (steps[pending[who]].what == STEP_FORK) {
			ids[steps[pending[who]].a] = (int32_t)result > 0 ? result : 0;
			value = slices_of(ids[steps[pending[who]].a]);
		}
		step_done(DONE, pending[who], result, value);
		pending[who] = NONE;
	}
	next = turn();
	revocation = (struct revocation){ .env = &nobody, .when = timer_now() };
	if (next == NONE)
		return NEXT_DONE;
	if (next != who) {
		step.a = ids[next];
		return copy_out(to, &step, sizeof step) < 0 ? NEXT_DONE : NEXT_YIELD;
	}
	step = steps[at];
	if (step.what == STEP_WAIT)
		step.b = ids[step.a];
	pending[who] = at++;
	acted = 0;
	return copy_out(to, &step, sizeof step) < 0 ? NEXT_DONE : NEXT_STEP;
}

static int32_t
sys_trapped(uint32_t address, uint32_t write, uint32_t a2, uint32_t a3)
{
	(void)a2, (void)a3;
	for (uint32_t who = 0; who < WHO_MAX; who++)
		if (ids[who] == env_current()->id && pending[who] != NONE) {
			step_done(TRAPPED, pending[who], address, write);
			return acted < 8 ? steps[pending[who]].acts >> 4 * acted++ & 15 : DO_SKIP;
		}
	return DO_SKIP;
}

static void
give(struct env *env, const struct given *g)
{
	physaddr_t pa;
	uint32_t *word;

	if (page_alloc(PAGE_ANY, env->id, &env->guard, &pa) < 0)
		return;
	word = p2v(pa);
	for (uint32_t i = 0; i < PAGE_SIZE / 4; i++)
		word[i] = g->seed * (2 * i + 1);
	word[g->offset / 4] = g->word;
	as_map(&env->as, g->va, pa, g->prot, g->prot);
	page_release(pa);
}

void
check_main(void)
{
	const struct given *given;
	uint32_t before = page_free_count();
	struct env *env;

	watched = input()->words;
	given = (const struct given *)(watched + input()->watched);
	steps = (const struct step *)(given + input()->given);
	syscall_register(SYS_NEXT, sys_next);
	syscall_register(SYS_TRAPPED, sys_trapped);
	for (uint32_t last = NONE; at < input()->steps && at != last; ) {
		last = at;
		for (uint32_t who = 0; who < WHO_MAX; who++) {
			pending[who] = NONE;
			ids[who] = 0;
		}
		if (env_load("main", "p", &env) < 0)
			break;
		for (uint32_t i = 0; i < input()->given; i++)
			give(env, &given[i]);
		*(uint32_t *)env->save->own = inverted;
		ids[0] = env->id;
		env_run();
		bury();
		hoard_pages(NONE);
		hoard_environments(false);
	}
	leaked = before - page_free_count();
}
