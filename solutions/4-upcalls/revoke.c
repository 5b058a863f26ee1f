// Visible revocation (exo/revoke.h): whom the kernel asks for pages, when it tells it, and what happens if nothing
// comes.

#include <exo/revoke.h>
#include <exo/timer.h>
#include <exo/todo.h>

// BEGIN SOLUTION 4.9a
// It is over, one way or the other: what is still missing is taken.
static void
collect(void)
{
	struct env *env = revocation.env;
	uint32_t left = revoke_pages(env), allowed = revocation.pages - REVOKE_PAGES;

	if (left > allowed)
		revoke_by_force(env, left - allowed < REVOKE_PAGES ? left - allowed : REVOKE_PAGES);
	env->save->wanted = 0;
	revocation.env = NULL;
}
// END SOLUTION

void
revoke_ask(void)
{
	// BEGIN SOLUTION 4.9b
	uint32_t most = GUARANTEED + REVOKE_PAGES - 1;

	if (revocation.env != NULL) {
		if (!revocation.told && timer_now() - revocation.when >= REVOKE_TICKS)
			collect();
		return;
	}
	for (struct env *env = envs; env < envs + ENV_COUNT; env++) {
		uint32_t pages = env->id != 0 && !env->ended ? revoke_pages(env) : 0;

		if (pages > most) {
			most = pages;
			revocation = (struct revocation){ .env = env, .pages = pages };
		}
	}
	if (revocation.env != NULL) {
		revocation.when = timer_now();
		revocation.env->save->wanted = REVOKE_PAGES;
	}
	// INSTEAD
	//| // TODO 4.9: who has most is asked, unless somebody has been asked already; who never comes to be
	//| // told loses them.
	//| revocation.unwritten = true;	// and this line goes
	// END SOLUTION
}

uint32_t
revoke_entry(struct env *env)
{
	// BEGIN SOLUTION 4.9c
	if (env == revocation.env && !revocation.told) {
		revocation.told = true;
		if (env->save->revoke != 0)
			return env->save->revoke;
	}
	// INSTEAD
	//| // TODO 4.9: who has been asked and does not know yet begins elsewhere, once.
	// END SOLUTION
	return env->save->begin;
}

void
revoke_due(void)
{
	// BEGIN SOLUTION 4.9d
	if (revocation.env != NULL && revocation.told)
		collect();
	// INSTEAD
	//| // TODO 4.9: who has been told has had its time.
	// END SOLUTION
}
