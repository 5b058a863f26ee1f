// The memory side of the libOS by real use: regions, protection, dirty bits, fork and spawn, with the linear table and
// with the inverted one; and not a page lost.

#include <exo/check.h>
#include <exo/env.h>
#include <exo/page.h>

static void
run(const char *program)
{
	uint32_t before = page_free_count();
	struct env *env;
	int error = env_load(program, "mem", &env);

	if (error == 0)
		error = env_attach(env, "other");
	report("load %s: %d", program, error);
	env_run();
	report("pages lost: %d", (int)(before - page_free_count()));
}

void
check_main(void)
{
	run("linear");
	run("inverted");
}
