// What figures/wave.svg shows, as QEMU sees it on the GPIO's lines: two toggles by system call, then two by a module.

#include <exo/check.h>
#include <exo/env.h>

void
check_main(void)
{
	struct env *env;

	if (env_load("main", "pin", &env) < 0 || env_attach(env, "toggle") < 0)
		report("the application cannot be loaded");
	env_run();
	if (env->status != 0)
		report("the application has ended with %d", env->status);
}
