// What is given of time slices (exo/slice.h): the vector, the timer's interrupt, what becomes of an environment's slices.

#include <exo/board.h>
#include <exo/gic.h>
#include <exo/register.h>
#include <exo/slice.h>
#include <exo/timer.h>

struct slice slices[SLICE_COUNT];
uint32_t slice_position = SLICE_COUNT - 1;
uint32_t slice_user, slice_told;

static bool ticked;

void
slice_first(uint32_t id)
{
	for (unsigned i = 0; i < SLICE_COUNT; i++)
		if (slices[i].owner == SLICE_NOBODY) {
			slices[i].owner = slices[i].user = id;
			return;
		}
}

void
slice_forget(uint32_t id)
{
	for (unsigned i = 0; i < SLICE_COUNT; i++) {
		if (slices[i].owner == id)
			slices[i].owner = slices[i].user = SLICE_NOBODY;
		if (slices[i].user == id)
			slices[i].user = slices[i].owner;
	}
	if (slice_user == id)
		slice_user = slices[slice_position].user;
}

// The timer's interrupt, wherever it comes.
static void
tick(unsigned irq, void *arg)
{
	(void)irq, (void)arg;
	timer_stop();
	ticked = true;
}

void
slice_start(void)
{
	slice_user = slices[slice_position].user;
	irq_register(BOARD_TIMER_IRQ, tick, NULL);
	gic_enable(BOARD_TIMER_IRQ);
}

void
env_irq(struct trapframe *tf)
{
	ticked = false;
	trap_irq(tf);
	if (ticked)
		slice_end(tf);
}
