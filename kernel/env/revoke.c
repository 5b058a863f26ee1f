// What is given of revocation (exo/revoke.h): the force.

#include <exo/revoke.h>

struct revocation revocation;

uint32_t
revoke_pages(const struct env *env)
{
	struct mapping m;
	uint32_t pages = 0;

	for (uint32_t va = 0; env_next(env, &va, &m) && va < SAVE_VA; va += PAGE_SIZE)
		pages++;
	return pages;
}

static bool
is_guaranteed(const struct env *env, uint32_t va)
{
	for (unsigned i = 0; i < GUARANTEED; i++)
		if ((env->save->guaranteed[i] & ~(PAGE_SIZE - 1)) == va)
			return true;
	return va == SAVE_VA;
}

// What the save page says is the application's: of its count the kernel believes no more than that it is one.
void
revoke_by_force(struct env *env, uint32_t count)
{
	struct mapping m;

	for (uint32_t va = 0; count > 0 && env_next(env, &va, &m); va += PAGE_SIZE) {
		uint32_t at = env->save->repossessed;

		if (is_guaranteed(env, va))
			continue;
		as_unmap(&env->as, va);
		count--;
		if (at < REPOSSESSED) {
			env->save->taken[at] = va;
			env->save->repossessed = at + 1;
		}
	}
}

void
revoke_forget(const struct env *env)
{
	if (revocation.env == env)
		revocation.env = NULL;
}
