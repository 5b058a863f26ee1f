// Two environments and what the kernel keeps apart for them, modules and pins: each does what the run's input says,
// in turns; what comes of it test_gate.py compares with models.

#include <exo/check.h>
#include <exo/env.h>
#include <exo/gpio.h>
#include <exo/module.h>
#include <exo/page.h>
#include <exo/register.h>
#include <exo/string.h>
#include <exo/trap.h>

#include "owners/row.h"

struct input_rows {
	char names[2][12];		// of the environments' capabilities
	struct row rows[];
};

struct note {
	uint32_t env;
	int32_t status;
	uint32_t value;
} notes[512];
uint32_t note_count;

static struct env *owners[2];
static const struct env *busy;		// with its row, until it asks for the next
static uint32_t at;

static const struct input_rows *
in(void)
{
	return (const struct input_rows *)params()->input;
}

static int32_t
sys_next(uint32_t to, uint32_t a1, uint32_t a2, uint32_t a3)
{
	const struct row *row = &in()->rows[at];

	(void)a1, (void)a2, (void)a3;
	if ((const uint8_t *)(row + 1) > params()->input + params()->input_size)
		return OVER;
	if (busy == env_current() || (busy != NULL && busy->ended))
		busy = NULL;
	if (owners[row->env] != env_current() || busy != NULL)
		return NOT_YOURS;
	busy = env_current();
	at++;
	return copy_out(to, row, sizeof *row) < 0 ? OVER : YOURS;
}

static int32_t
sys_note(uint32_t status, uint32_t value, uint32_t a2, uint32_t a3)
{
	(void)a2, (void)a3;
	if (note_count < ARRAY_SIZE(notes))
		notes[note_count++] = (struct note){ env_current() == owners[1], status, value };
	return 0;
}

void
check_main(void)
{
	uint32_t before = page_free_count(), live = 0;

	syscall_register(SYS_NEXT, sys_next);
	syscall_register(SYS_NOTE, sys_note);
	for (unsigned i = 0; i < 2; i++)
		env_load("main", in()->names[i], &owners[i]);
	env_run();
	for (unsigned n = 0; n < MODULE_COUNT; n++)
		live += module_find(n) != NULL;
	report("left %u %u 0x%x", before - page_free_count(), live, gpio_held(0));
	for (unsigned i = 0; i < 2; i++)
		report("ended %u %d %u", owners[i]->ended, owners[i]->status, owners[i]->excess);
}
