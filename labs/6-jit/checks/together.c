// Environments that send each other messages: a server with a handler and a wakeup predicate, a client with a
// capability for it, and a stranger. What they say test_messages.py expects line by line.

#include <exo/check.h>
#include <exo/env.h>
#include <exo/page.h>
#include <exo/space.h>

static const char *const programs[][2] = { { "server", "s.srv" }, { "client", "s" }, { "stranger", "t" } };

void
check_main(void)
{
	uint32_t before = page_free_count();
	struct env *envs_of[3];

	for (unsigned i = 0; i < 3; i++)
		env_load(programs[i][0], programs[i][1], &envs_of[i]);
	env_run();
	for (unsigned i = 0; i < 3; i++)
		report("ended %s %u %d", programs[i][0], envs_of[i]->ended, envs_of[i]->status);
	report("pages lost %d", (int)(before - page_free_count()));
}
