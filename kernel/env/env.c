// Environments (exo/env.h): the table of them, how they come and go, and the loop that runs them.

#include <exo/arm.h>
#include <exo/board.h>
#include <exo/env.h>
#include <exo/error.h>
#include <exo/page.h>
#include <exo/revoke.h>
#include <exo/slice.h>
#include <exo/string.h>
#include <exo/timer.h>
#include <exo/trap.h>

#define CNTKCTL_PL0PCTEN (1 << 0)		// applications may read the counter

struct env envs[ENV_COUNT] __attribute__((aligned(ENV_COUNT << ENV_SHIFT)));

static uint32_t generation;
static bool stopped;				// by the kernel, and not by its own exit
static env_hook *on_end[ENV_HOOKS];
static env_schedule_hook *on_schedule[ENV_HOOKS];

struct env *
env_find(uint32_t id)
{
	struct env *env = &envs[id % ENV_COUNT];

	return id != 0 && env->id == id ? env : NULL;
}

int
env_named(uint32_t id, uint32_t cap, struct env **found)
{
	struct cap shown;
	struct env *env = id == ENV_SELF ? env_current() : env_find(id);

	if (env == NULL)
		return -E_NOENT;
	if (env != env_current()) {
		if (copy_in(&shown, cap, sizeof shown) < 0)
			return -E_FAULT;
		if (cap_check(&shown, &env->guard, RIGHT_WRITE) < 0)
			return -E_PERM;
	}
	*found = env;
	return 0;
}

int
env_create(const struct cap *cap, uint32_t parent, struct env **created)
{
	const uint32_t rw = RIGHT_READ | RIGHT_WRITE;
	struct env *env = envs;
	physaddr_t save;
	int error;

	while (env->id != 0)
		if (++env == envs + ENV_COUNT)
			return -E_NOMEM;
	memset(env, 0, sizeof *env);
	env->live = ~(env - envs);		// 0 is a name of slot 0's: nobody may find it while this fails
	memcpy(env->guard.name, cap->name, CAP_NAME);
	env->guard.epoch = cap->epoch;
	env->parent = parent;
	error = as_create(&env->as, OWNER_KERNEL, env - envs + 1);
	if (error < 0)
		return error;
	generation = (generation + 1) & 0xffffff;
	env->id = (generation + 1) * ENV_COUNT + (env - envs);
	error = page_alloc(PAGE_ANY, env->id, &env->guard, &save);
	if (error == 0) {
		error = as_map(&env->as, SAVE_VA, save, rw, rw);
		page_release(save);		// the mapping holds it now, or nobody does
	}
	if (error < 0) {
		as_destroy(&env->as);
		env->id = 0;
		return error;
	}
	env->live = env->id;
	env->ttbr0 = env->as.l1 | TTBR_WBWA;
	env->save = p2v(save);
	env->save->cap = *cap;
	env->save->id = env->id;
	*created = env;
	return 0;
}

int
env_on_end(env_hook *hook)
{
	for (unsigned i = 0; i < ENV_HOOKS; i++)
		if (on_end[i] == NULL) {
			on_end[i] = hook;
			return 0;
		}
	return -E_NOMEM;
}

int
env_on_schedule(env_schedule_hook *hook)
{
	for (unsigned i = 0; i < ENV_HOOKS; i++)
		if (on_schedule[i] == NULL) {
			on_schedule[i] = hook;
			return 0;
		}
	return -E_NOMEM;
}

// Who runs next.
static struct env *
next(void)
{
	for (unsigned i = 0; i < ENV_HOOKS && on_schedule[i] != NULL; i++)
		on_schedule[i]();
	return slice_next();
}

void
env_end(struct env *env, uint32_t ended, int32_t status)
{
	const struct env *parent = env_find(env->parent);

	for (unsigned i = 0; i < ENV_HOOKS && on_end[i] != NULL; i++)
		on_end[i](env->id);

	if (env == env_current())
		user_switch(NULL);
	as_destroy(&env->as);
	slice_forget(env->id);
	revoke_forget(env);
	env->live = ~(env - envs);
	env->ended = ended;
	env->status = status;
	for (struct env *child = envs; child < envs + ENV_COUNT; child++)
		if (child->id != 0 && child->ended && child->parent == env->id)
			child->id = 0;
	if (parent == NULL || parent->ended)
		env->id = 0;			// nobody will ask
}

int
env_load(const char *program, const char *name, struct env **loaded)
{
	const struct program *found = program_find(program);
	uint8_t padded[CAP_NAME] = { 0 };
	struct mapping m;
	struct env *env;
	struct cap cap;
	uint32_t entry;
	int error;

	if (found == NULL)
		return -E_NOENT;
	memcpy(padded, name, strlen(name) < CAP_NAME ? strlen(name) : CAP_NAME);
	error = cap_mint(&cap, padded, RIGHT_ALL, cap_now());
	if (error == 0)
		error = env_create(&cap, 0, &env);
	if (error < 0)
		return error;
	error = user_load(&env->as, found, &entry);
	if (error < 0) {
		env_end(env, ENDED_KILLED, error);
		return error;
	}
	for (uint32_t va = 0; env_next(env, &va, &m); va += PAGE_SIZE) {
		page_at(m.pa)->owner = env->id;
		page_at(m.pa)->guard = env->guard;
	}
	env->save->begin = entry;
	slice_first(env->id);
	*loaded = env;
	return 0;
}

int
env_attach(struct env *env, const char *program)
{
	const struct program *found = program_find(program);
	struct image head = { .size = 0 };
	uint32_t va = IMAGES_VA, done;
	struct mapping m;
	physaddr_t pa;
	int error = 0;

	if (found == NULL)
		return -E_NOENT;
	head.size = found->end - found->start;
	if (strlen(program) >= sizeof head.name || head.size > IMAGE_SIZE - PAGE_SIZE)
		return -E_INVAL;
	memcpy(head.name, program, strlen(program));
	while (as_lookup(&env->as, va, &m) == 0)
		va += IMAGE_SIZE;
	if (va >= IMAGES_VA + IMAGE_COUNT * IMAGE_SIZE)
		return -E_NOMEM;
	for (done = 0; done < PAGE_SIZE + head.size; done += PAGE_SIZE) {
		error = page_alloc(PAGE_ANY, env->id, &env->guard, &pa);
		if (error == 0) {
			uint32_t left = PAGE_SIZE + head.size - done;

			if (done == 0)
				memcpy(p2v(pa), &head, sizeof head);
			else
				memcpy(p2v(pa), found->start + done - PAGE_SIZE, left < PAGE_SIZE ? left : PAGE_SIZE);
			error = as_map(&env->as, va + done, pa, RIGHT_READ, RIGHT_READ);
			page_release(pa);	// the mapping holds it now, or nobody does
		}
		if (error < 0)
			break;
	}
	while (error < 0 && done > 0)
		as_unmap(&env->as, va + (done -= PAGE_SIZE));
	return error;
}

bool
env_next(const struct env *env, uint32_t *va, struct mapping *m)
{
	const uint32_t *l1 = p2v(env->as.l1);

	while (*va < USER_TOP) {
		uint32_t section = *va & ~(SECTION_SIZE - 1), i = L2_ENTRIES;

		if ((l1[section / SECTION_SIZE] & L1_TYPE) != L1_FAULT) {
			const uint32_t *l2 = p2v(l1[section / SECTION_SIZE] & L1_TABLE_PA);

			i = (*va - section) / PAGE_SIZE;
			while (i < L2_ENTRIES && (l2[i] & L2_TYPE) == 0)
				i++;
		}
		*va = section + i * PAGE_SIZE;
		if (i < L2_ENTRIES)
			return as_lookup(&env->as, *va, m) == 0;
	}
	return false;
}

void
env_run(void)
{
	struct env *env;

	slice_start();
	cntkctl_write(cntkctl_read() | CNTKCTL_PL0PCTEN);
	vbar_write((uintptr_t)upcall_vectors);
	isb();
	while ((env = next()) != NULL) {
		struct trapframe tf = { .pc = revoke_entry(env), .cpsr = PSR_M_USR };
		int status;

		user_switch(&env->as);
		stopped = false;
		status = user_enter(&tf);
		if (!stopped)
			env_end(env_current(), ENDED_EXIT, status);
		if (env_current() != NULL)
			env_current()->told = 0;
		user_switch(NULL);
		revoke_due();
	}
	timer_stop();
	vbar_write((uintptr_t)trap_vectors);
	isb();
}

void
env_stop(void)
{
	stopped = true;
	user_leave(0);
}

void
env_nested(void)
{
	env_end(env_current(), ENDED_NESTED, -E_FAULT);
	env_stop();
}
