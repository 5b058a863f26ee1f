// Time slices (exo/slice.h): who runs next, and what happens when time is up.

#include <exo/arm.h>
#include <exo/error.h>
#include <exo/slice.h>
#include <exo/timer.h>
#include <exo/todo.h>

#define NEVER UINT64_MAX

static uint64_t ends;			// the slice
static uint64_t due;			// the next tick: the slice's end, and each SLICE_TICKS from there on
static uint32_t named;			// who is to have the rest of it

struct env *
slice_next(void)
{
	// BEGIN SOLUTION 4.7a
	struct env *env = env_find(named);
	uint64_t now = timer_now(), wake;
	bool owing;

	named = 0;
	if (env != NULL && !env->ended && env->wake <= now && ends >= now + SLICE_LEAST)
		return env;
	slice_settle();
	do {
		wake = NEVER;
		owing = false;
		now = timer_now();
		for (unsigned n = 1; n <= SLICE_COUNT; n++) {
			unsigned i = (slice_position + n) % SLICE_COUNT;

			env = env_find(slices[i].user);
			if (env == NULL || env->ended)
				continue;
			if (env->wake > now) {
				wake = env->wake < wake ? env->wake : wake;
			} else if (env->excess > 0) {
				env->save->excess = --env->excess;
				owing = true;
			} else {
				slice_position = i;
				env->lent = 0;
				due = ends = now + SLICE_TICKS;
				timer_set(due);
				return env;
			}
		}
		if (!owing && wake != NEVER) {
			timer_set(wake);
			trap_idle();
		}
	} while (owing || wake != NEVER);
	return NULL;
	// INSTEAD
	//| // TODO 4.7: as the contract says. Until then: whoever lives, one after the other, each as long as it likes.
	//| static unsigned last = ENV_COUNT - 1;
	//|
	//| (void)ends, (void)due, (void)named;
	//| for (unsigned n = 0; n < ENV_COUNT; n++) {
	//| 	last = (last + 1) % ENV_COUNT;
	//| 	if (envs[last].id != 0 && !envs[last].ended)
	//| 		return &envs[last];
	//| }
	//| return NULL;
	// END SOLUTION
}

void
slice_end(struct trapframe *tf)
{
	// BEGIN SOLUTION 4.7b
	struct env *env = env_current();
	struct upcall *slot = &env->save->slice;
	uint64_t now = timer_now();
	uint32_t late = 0;

	for (; due <= now; due += SLICE_TICKS)
		late++;
	timer_set(due);
	if (env->told && env->excess == EXCESS_MAX && late > 0) {
		env_end(env, ENDED_EXCESS, 0);
		env_stop();
	}
	if (!env->told && late > 0) {		// the first one is the end itself
		env->told = 1;
		late--;
	}
	env->excess = late < EXCESS_MAX - env->excess ? env->excess + late : EXCESS_MAX;
	env->save->excess = env->excess;
	if (env->told != 1 || slot->cpsr != 0)
		return;
	env->told = 2;
	*slot = (struct upcall){ tf->cpsr, 0, 0, { tf->r[0], tf->r[1], tf->r[2] }, tf->pc };
	tf->pc = env->save->end;
	tf->cpsr = PSR_M_USR;
	// INSTEAD
	//| // TODO 4.7: set the next tick; who is late owes; who has not been entered at `end` is, if its slot is free.
	//| (void)tf;
	//| todo("4.7");
	// END SOLUTION
}

int32_t
sys_yield(uint32_t id, uint32_t a1, uint32_t a2, uint32_t a3)
{
	struct env *env = env_find(id);

	(void)a1, (void)a2, (void)a3;
	if (id != 0 && (env == NULL || env->ended))
		return -E_NOENT;
	named = id;
	env_stop();
}

int32_t
sys_sleep(uint32_t low, uint32_t high, uint32_t a2, uint32_t a3)
{
	(void)a2, (void)a3;
	env_current()->wake = (uint64_t)high << 32 | low;
	env_stop();
}

int32_t
sys_slice_take(uint32_t index, uint32_t a1, uint32_t a2, uint32_t a3)
{
	// BEGIN SOLUTION 4.7c
	(void)a1, (void)a2, (void)a3;
	if (index >= SLICE_COUNT)
		return -E_INVAL;
	if (slices[index].owner != SLICE_NOBODY)
		return -E_EXISTS;
	slice_assign(index, env_current()->id, env_current()->id);
	return 0;
	// INSTEAD
	//| // TODO 4.7: who comes first.
	//| (void)index, (void)a1, (void)a2, (void)a3;
	//| return -E_NOSYS;
	// END SOLUTION
}

int32_t
sys_slice_give(uint32_t index, uint32_t id, uint32_t a2, uint32_t a3)
{
	// BEGIN SOLUTION 4.7d
	const struct env *to = env_find(id);

	(void)a2, (void)a3;
	if (index >= SLICE_COUNT)
		return -E_INVAL;
	if (slices[index].owner != env_current()->id)
		return -E_PERM;
	if (id != SLICE_NOBODY && (to == NULL || to->ended))
		return -E_NOENT;
	slice_assign(index, id, id);
	return 0;
	// INSTEAD
	//| // TODO 4.7: only its owner; only to one that lives, or to nobody.
	//| (void)index, (void)id, (void)a2, (void)a3;
	//| return -E_NOSYS;
	// END SOLUTION
}
