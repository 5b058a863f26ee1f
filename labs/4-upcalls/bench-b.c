// What time and transfers cost in instructions (bench.toml): a program and its child, which it forks, call each other
// in every way that there is.

#include <exo/check.h>
#include <exo/env.h>
#include <exo/page.h>

void
check_main(void)
{
	uint32_t before = page_free_count();
	struct env *env;

	if (env_load("main", "main", &env) < 0) {
		report("the program could not be loaded");
		return;
	}
	env_run();
	if (env->ended != ENDED_EXIT || env->status != 42)
		report("the program did not come to its end: %d", env->status);
	if (page_free_count() != before)
		report("pages are lost");
}
