// `make run LAB=7`: a machine on the network, without a network stack in its kernel. Four applications, each with a stack
// of its own and filters for what is its: one answers ARP and ping, one echoes UDP on port 7 (by a handler, in the
// kernel), one answers DNS on port 53, one counts what comes to port 9 and tells on port 10.

#include <exo/check.h>
#include <exo/env.h>
#include <exo/printk.h>

static const char *const programs[] = { "host", "echo", "dns", "count" };

void
check_main(void)
{
	struct env *env;

	for (unsigned i = 0; i < sizeof programs / sizeof *programs; i++)
		if (env_load(programs[i], programs[i], &env) < 0)
			printk("%s does not load\n", programs[i]);
	env_run();
}
