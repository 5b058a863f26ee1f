// Time slices (exo/slice.h): who runs next, and what happens when time is up.

#include <exo/arm.h>
#include <exo/error.h>
#include <exo/slice.h>
#include <exo/timer.h>
#include <exo/todo.h>

#define NEVER UINT64_MAX

static uint64_t ends;			// when the slice is over
static uint32_t named;			// who is to have the rest of it

struct env *
slice_next(void)
{
	// BEGIN SOLUTION 4.7a
	struct env *env = env_find(named);
	uint64_t now = timer_now(), wake;
	bool owing;

	named = 0;
	if (env != NULL && !env->ended && env->wake <= now && slice_told == SLICE_NOBODY && ends >= now + SLICE_LEAST)
		return env;
	slices[slice_position].user = slice_user;
	slice_told = SLICE_NOBODY;
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
				slice_user = slices[i].user;
				ends = now + SLICE_TICKS;
				timer_set(ends);
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
	//| static unsigned last;
	//|
	//| (void)ends, (void)named;
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
	struct env *env = env_current(), *late = env_find(slice_told);
	struct upcall *slot = &env->save->slice;

	timer_set(timer_now() + SLICE_TICKS);
	if (late != NULL && !late->ended) {
		late->save->excess = ++late->excess;
		if (late->excess > EXCESS_MAX) {
			env_end(late, ENDED_EXCESS, 0);
			if (late == env)
				env_stop();
		}
	}
	if (slice_told == env->id)
		return;
	slice_told = env->id;
	if (slot->cpsr != 0)
		return;
	*slot = (struct upcall){ tf->cpsr, 0, 0, { tf->r[0], tf->r[1], tf->r[2] }, tf->pc };
	tf->pc = env->save->end;
	tf->cpsr = PSR_M_USR;
	// INSTEAD
	//| // TODO 4.7: who is late owes; who has not been told is told.
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
	slices[index].owner = slices[index].user = env_current()->id;
	if (index == slice_position)
		slice_user = slices[index].user;
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
	slices[index].owner = slices[index].user = id;
	if (index == slice_position)
		slice_user = id;
	return 0;
	// INSTEAD
	//| // TODO 4.7: only its owner; only to one that lives, or to nobody.
	//| (void)index, (void)id, (void)a2, (void)a3;
	//| return -E_NOSYS;
	// END SOLUTION
}
