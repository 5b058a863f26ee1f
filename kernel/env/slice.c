// What is given of time slices (exo/slice.h): the vector, the timer's interrupt, what becomes of an environment's
// slices.

#include <exo/board.h>
#include <exo/error.h>
#include <exo/gic.h>
#include <exo/register.h>
#include <exo/slice.h>
#include <exo/syscall.h>
#include <exo/timer.h>

struct slice slices[SLICE_COUNT];
uint32_t slice_position = SLICE_COUNT - 1;

static bool ticked;
static env_irq_hook *on_irq[ENV_HOOKS];

int
env_on_irq(env_irq_hook *hook)
{
	for (unsigned i = 0; i < ENV_HOOKS; i++)
		if (on_irq[i] == NULL) {
			on_irq[i] = hook;
			return 0;
		}
	return -E_NOMEM;
}

void
slice_assign(uint32_t index, uint32_t owner, uint32_t user)
{
	struct env *env = env_find(user);

	slices[index] = (struct slice){ owner, user };
	if (index == slice_position && env != NULL)
		env->lent = 0;
}

void
slice_first(uint32_t id)
{
	for (unsigned i = 0; i < SLICE_COUNT; i++)
		if (slices[i].owner == SLICE_NOBODY) {
			slice_assign(i, id, id);
			return;
		}
}

// No round trip is without an end: who is entered has no note of its own yet. But for who enters itself.
void
slice_settle(void)
{
	struct slice *s = &slices[slice_position];
	const struct env *env = env_find(s->user);

	while (env != NULL && !env->ended && env->lent != 0 && (env->lent & ~TRANSFER_SYNC) != env->id) {
		s->user = env->lent & ~TRANSFER_SYNC;
		env = env_find(s->user);
	}
	if (env == NULL || env->ended)
		s->user = s->owner;
}

void
slice_forget(uint32_t id)
{
	for (unsigned i = 0; i < SLICE_COUNT; i++)
		if (slices[i].owner == id)
			slice_assign(i, SLICE_NOBODY, SLICE_NOBODY);
		else if (slices[i].user == id)
			slice_assign(i, slices[i].owner, slices[i].owner);
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
	for (unsigned i = 0; i < ENV_HOOKS && on_irq[i] != NULL; i++)
		on_irq[i](tf);
}
