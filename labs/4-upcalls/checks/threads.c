// Threads of one environment, preempted in the midst of everything, beside an environment that takes every other slice.

#include <exo/check.h>
#include <exo/env.h>
#include <exo/page.h>
#include <exo/printk.h>

void
check_main(void)
{
	uint32_t before = page_free_count();
	struct env *env;

	if (env_load("main", "a", &env) < 0 || env_load("other", "b", &env) < 0)
		return;
	env_run();
	printk("pages lost: %d\n", (int)(before - page_free_count()));
}
