// Wakeup predicates (exo/predicate.h). An environment that waits sleeps until the last count but one, so that the
// scheduler does not take it for one that never runs again.

#include <exo/error.h>
#include <exo/predicate.h>
#include <exo/program.h>

#define WAITING (UINT64_MAX - 1)

static struct predicate {
	uint32_t owner;			// environment; 0: none
	struct space memory;
	struct compiled program;
	uint32_t argument;
} predicates[ENV_COUNT];

static const struct bpf_helper none[BPF_HELPERS];

static void
drop(struct predicate *p)
{
	program_unload(&p->program);
	space_free(&p->memory);
	p->owner = 0;
}

int
predicate_install(struct env *env, struct predicate_install *asked)
{
	struct predicate *p = &predicates[env - envs];
	int error;

	drop(p);
	if (asked->count == 0)
		return 0;
	if (asked->pages > PREDICATE_PAGES)
		return -E_INVAL;
	error = space_share(&p->memory, &env->as, asked->memory, asked->pages, false);
	if (error == 0)
		error = program_copy(&p->program, asked->program, asked->count, none, PROGRAM_READS,
		    &asked->refused);
	if (error < 0) {
		drop(p);
		return error;
	}
	p->argument = asked->argument;
	p->owner = env->id;
	return 0;
}

int
predicate_wait(struct env *env)
{
	if (predicates[env - envs].owner != env->id)
		return -E_NOENT;
	env->wake = WAITING;
	env_stop();
}

void
predicate_wake(struct env *env)
{
	const struct predicate *p = &predicates[env - envs];
	struct bpf_context context = {
		.memory = (uintptr_t)space_address(&p->memory),
		.size = p->memory.pages * PAGE_SIZE,
		.argument = p->argument,
		.fuel = PREDICATE_FUEL,
		.helpers = none,
	};
	uint32_t result;

	if (env->wake != WAITING || p->owner != env->id)
		return;
	if (program_run(&p->program, &context, &result) != BPF_DONE || result != 0)
		env->wake = 0;
}

void
predicate_wake_all(void)
{
	for (struct env *env = envs; env < envs + ENV_COUNT; env++)
		if (env->wake == WAITING && env->id != 0 && !env->ended)
			predicate_wake(env);
}

void
predicate_forget(uint32_t id)
{
	struct predicate *p = &predicates[id % ENV_COUNT];

	if (p->owner == id)
		drop(p);
}
