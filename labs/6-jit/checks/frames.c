// An application on the network: frames come in as they do, its handler answers them in the kernel, and what the
// handler leaves the application answers by itself (frames/server.user.c). The other end is test_messages.py's.

#include <exo/check.h>
#include <exo/env.h>

void
check_main(void)
{
	struct env *env;

	if (env_load("server", "server", &env) == 0)
		env_run();
	report("ended %u %d", env->ended, env->status);
}
