// Forks until there are no environments left, and when hardly any pages are: refused, and nothing lost or changed.

#include <exo/check.h>
#include <exo/env.h>
#include <exo/page.h>

void
check_main(void)
{
	uint32_t before = page_free_count();
	struct env *env;

	report("load: %d", env_load("eater", "mem", &env));
	env_run();
	report("pages lost: %d", (int)(before - page_free_count()));
}
