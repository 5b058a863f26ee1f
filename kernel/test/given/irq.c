// The interrupt controller and the timer, driven by the parameter block's input: words, two for each call.
// Every interrupt but a core's own software interrupts has a handler that logs its number.

#include <exo/board.h>
#include <exo/gic.h>
#include <exo/register.h>
#include <exo/timer.h>
#include <exo/trap.h>

#include "given.h"

#define GICD_ISPENDR 0x200

enum { ENABLE, DISABLE, PEND, OPEN, TIMER, SLEEP, INIT };

static uint64_t when;

static void
any(unsigned irq, void *arg)
{
	log_word(irq + (uintptr_t)arg);
}

static void
tick(unsigned irq, void *arg)
{
	(void)irq, (void)arg;
	log_word(timer_now() - when);
	timer_stop();
}

// Every boundary of these instructions is one where an interrupt can come.
static void
open(void)
{
	__asm__ volatile("cpsie i; .rept 512; nop; .endr; cpsid i" : : : "memory");
}

void
check_main(void)
{
	const uint32_t *in = (const uint32_t *)params()->input, *end = in + params()->input_size / 4;

	for (unsigned irq = 16; irq < IRQ_COUNT; irq++)
		irq_register(irq, irq == BOARD_TIMER_IRQ ? tick : any, (void *)0x1000);
	for (; in < end; in += 2) {
		switch (in[0]) {
		case ENABLE: gic_enable(in[1]); break;
		case DISABLE: gic_disable(in[1]); break;
		case PEND: *mmio(BOARD_GICD_PA + GICD_ISPENDR + in[1] / 32 * 4) = 1u << in[1] % 32; break;
		case OPEN: open(); break;
		case TIMER: when = timer_now() + in[1]; timer_set(when); open(); break;
		case SLEEP: when = timer_now() + in[1]; timer_set(when); trap_idle(); break;
		case INIT: gic_init(); break;
		}
		log_word(0xffffffff);
	}
	log_word(timer_frequency());
}
