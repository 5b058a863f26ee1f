// Step 4.10: a program shares out its slice among children that follow scripts (script.h). What the program is to do
// stands behind the script, what it tells among the events.

#include "script.h"

#define TOLD_BY_MAIN 22

static struct env *parent;

static int32_t
sys_word(uint32_t i, uint32_t a1, uint32_t a2, uint32_t a3)
{
	const struct script *s = script();

	(void)a1, (void)a2, (void)a3;
	return ((const int32_t *)(s->op + s->first[SCRIPTS]))[i];
}

static int32_t
sys_name(uint32_t i, uint32_t a1, uint32_t a2, uint32_t a3)
{
	(void)a1, (void)a2, (void)a3;
	return names[i];
}

static int32_t
sys_note(uint32_t result, uint32_t count, uint32_t a2, uint32_t a3)
{
	(void)a2, (void)a3;
	if (event_count < ARRAY_SIZE(events) - 1)
		events[event_count++] = (struct event){ .time = timer_now(), .env = parent - envs, .what = TOLD_BY_MAIN, .r0 = result,
		    .r7 = count };
	return 0;
}

void
check_main(void)
{
	script_envs();
	syscall_register(41, sys_word);
	syscall_register(42, sys_name);
	syscall_register(43, sys_note);
	report("load: %d", env_load("main", "all", &parent));
	script_run();
}
