// As many interrupts as the input says, one after the other, while a program works and calls the kernel; one that
// nobody has registered; and one that the core sends itself. If it says 0: some while the kernel sleeps.

#include <exo/board.h>
#include <exo/check.h>
#include <exo/gic.h>
#include <exo/register.h>
#include <exo/string.h>
#include <exo/timer.h>
#include <exo/trap.h>
#include <exo/user.h>

#define GICD_SGIR 0xf00
#define SGI       5

void idle_told(uint32_t before[16], uint32_t after[16]);	// r0 to r12, sp, lr, CPSR

uint32_t ticks, sgis, calls, lowest[2] = { 0xffffffff, 0xffffffff }, highest[2], unregistered, idle_ticks, enabled;
uint32_t before[16], after[16];
int32_t result;

static uint32_t wanted;

// Where the stack is when the kernel is in a handler of one kind.
static void
stack_at(int kind)
{
	uint32_t here = (uintptr_t)__builtin_frame_address(0);

	if (here < lowest[kind])
		lowest[kind] = here;
	if (here > highest[kind])
		highest[kind] = here;
}

static void
tick(unsigned irq, void *arg)
{
	(void)irq, (void)arg;
	if (user_space() != NULL)
		stack_at(0);
	if (++ticks < wanted)
		timer_set(timer_now() + 150 + ticks % 97);
	else
		timer_stop();
}

static void
sgi(unsigned irq, void *arg)
{
	(void)irq, (void)arg;
	sgis++;
}

static int32_t
sys_done(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
	(void)a0, (void)a1, (void)a2, (void)a3;
	stack_at(1);
	if (++calls % 64 == 0)
		*mmio(BOARD_GICD_PA + GICD_SGIR) = 2 << 24 | SGI;	// to this core
	return ticks >= wanted;
}

static void
work(void)
{
	gic_enable(BOARD_TIMER_IRQ);			// nobody's yet
	timer_set(timer_now() + 3000);
	unregistered = user_run("spin", 1000);
	timer_stop();
	enabled = *mmio(BOARD_GICD_PA + GICD_ISENABLER) >> BOARD_TIMER_IRQ & 1;

	irq_register(BOARD_TIMER_IRQ, tick, NULL);
	irq_register(SGI, sgi, NULL);
	gic_enable(BOARD_TIMER_IRQ);
	gic_enable(SGI);
	timer_set(timer_now() + 1000);
	result = user_run("spin", 0);
}

static void
idle(void)
{
	irq_register(BOARD_TIMER_IRQ, tick, NULL);
	gic_enable(BOARD_TIMER_IRQ);
	for (idle_ticks = 0; idle_ticks < 8; idle_ticks++) {
		timer_set(idle_ticks % 2 ? timer_now() + 500 : 0);	// half of them wait already
		idle_told(before, after);
		if (ticks != idle_ticks + 1 || memcmp(before, after, sizeof before) != 0)
			break;
	}
}

void
check_main(void)
{
	syscall_register(40, sys_done);
	wanted = *(const uint32_t *)params()->input;
	if (wanted != 0)
		work();
	else
		idle();
}
