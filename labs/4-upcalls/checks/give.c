// Step 4.9, the application's part: a program offers pages as the run's input says, and is asked for some of them.

#include <exo/check.h>
#include <exo/env.h>
#include <exo/params.h>
#include <exo/register.h>

struct note {
	uint32_t what, value, mapped;		// mapped: the page at `value`
} notes[1024];
uint32_t note_count;

static int32_t
sys_word(uint32_t i, uint32_t a1, uint32_t a2, uint32_t a3)
{
	(void)a1, (void)a2, (void)a3;
	return i < params()->input_size / 4 ? ((const int32_t *)params()->input)[i] : 0;
}

static int32_t
sys_note(uint32_t what, uint32_t value, uint32_t a2, uint32_t a3)
{
	struct mapping m;

	(void)a2, (void)a3;
	if (note_count < ARRAY_SIZE(notes))
		notes[note_count++] = (struct note){ what, value, as_lookup(&env_current()->as, value, &m) == 0 };
	return 0;
}

void
check_main(void)
{
	struct env *env;

	syscall_register(40, sys_word);
	syscall_register(41, sys_note);
	report("load: %d", env_load("main", "a", &env));
	env_run();
	report("ended %u, %d", env->ended, env->status);
}
