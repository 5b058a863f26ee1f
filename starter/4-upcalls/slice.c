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
	// TODO 4.7: as the contract says. Until then: whoever lives, one after the other, each as long as it likes.
	static unsigned last = ENV_COUNT - 1;

	(void)ends, (void)due, (void)named;
	for (unsigned n = 0; n < ENV_COUNT; n++) {
		last = (last + 1) % ENV_COUNT;
		if (envs[last].id != 0 && !envs[last].ended)
			return &envs[last];
	}
	return NULL;
}

void
slice_end(struct trapframe *tf)
{
	// TODO 4.7: set the next tick; who is late owes; who has not been entered at `end` is, if its slot is free.
	(void)tf;
	todo("4.7");
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
	// TODO 4.7: who comes first.
	(void)index, (void)a1, (void)a2, (void)a3;
	return -E_NOSYS;
}

int32_t
sys_slice_give(uint32_t index, uint32_t id, uint32_t a2, uint32_t a3)
{
	// TODO 4.7: only its owner; only to one that lives, or to nobody.
	(void)index, (void)id, (void)a2, (void)a3;
	return -E_NOSYS;
}
