// Calls of modules, all of them calls.S's, as the run's input says; and all that comes of each, for test_gate.py.

#include <exo/arm.h>
#include <exo/board.h>
#include <exo/check.h>
#include <exo/gic.h>
#include <exo/module.h>
#include <exo/register.h>
#include <exo/string.h>
#include <exo/timer.h>
#include <exo/trap.h>

#define BLOCK 0x1100			// where in the data segment

struct input_call {
	uint32_t delay;			// ticks until the slices' timer comes; 0: it does not
	uint32_t module, call, args[4];
	uint32_t block[16];
};

struct input_calls {
	uint32_t modules, pins;		// how many, and what each may drive
	struct input_call calls[];
};

struct outcome {
	uint32_t status, result;
	struct module_end end;		// of the module that was called
	uint32_t ticks;			// how long it took, at most
	uint32_t state;			// VBAR, GICC_PMR, CNTV as they were: bits 0 to 2; 3: no module is called;
					// 4: and so are all other registers that matter
	uint32_t within, behind;	// interrupts of the slices' timer until it was back, and then
	uint32_t block[16];
};

struct outcome outcomes[128];

extern const uint8_t probe[], probe_end[];

static uint32_t ticks;

static void
tick(unsigned irq, void *arg)
{
	(void)irq, (void)arg;
	timer_stop();
	ticks++;
}

ARM_SYSREG(tpidrurw, 0, c13, c0, 2)
ARM_SYSREG(tpidruro, 0, c13, c0, 3)

// Of what only the kernel writes.
static uint32_t
system_registers(void)
{
	uint32_t sum = 0, all[] = { sctlr_read(), cpacr_read(), ttbr0_read(), ttbr1_read(), ttbcr_read(), dacr_read(), prrr_read(),
		nmrr_read(), contextidr_read(), tpidrprw_read(), tpidrurw_read(), tpidruro_read(), cntkctl_read() };

	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		sum = (sum ^ all[i]) * 0x01000193;
	return sum;
}

static uint32_t
state(uint32_t vectors, uint32_t priorities, uint32_t others)
{
	uint32_t s = (vbar_read() == vectors) | (*mmio(BOARD_GICC_PA + GICC_PMR) == priorities) << 1 |
	    !(cntv_ctl_read() & 1) << 2 | 8 | (system_registers() == others) << 4;

	for (unsigned n = 0; n < MODULE_COUNT; n++)
		if (modules[n].frame != 0)
			s &= ~8;
	return s;
}

void
check_main(void)
{
	const struct input_calls *in = (const struct input_calls *)params()->input;
	uint32_t count = (params()->input_size - sizeof *in) / sizeof in->calls[0], refused = ~0;
	uint32_t vectors = vbar_read(), priorities = *mmio(BOARD_GICC_PA + GICC_PMR), others = system_registers();

	irq_register(BOARD_TIMER_IRQ, tick, NULL);
	gic_enable(BOARD_TIMER_IRQ);
	for (uint32_t n = 0; n < in->modules; n++) {
		int loaded = module_load(probe, probe_end - probe, 0, in->pins, &refused);

		if (loaded != (int)n) {
			report("module %u: %d, refused at 0x%x", n, loaded, refused);
			return;
		}
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct input_call *c = &in->calls[i];
		struct module *m = &modules[c->module % MODULE_COUNT];
		struct outcome *o = &outcomes[i];
		void *block = (void *)(uintptr_t)(m->data + BLOCK);
		uint64_t before;

		memcpy(block, c->block, sizeof c->block);
		ticks = 0;
		before = timer_now();
		if (c->delay != 0)
			timer_set(before + c->delay);
		o->result = 0x12345678;
		o->status = module_call(c->module, c->call, c->args, &o->result);
		o->ticks = timer_now() - before;
		o->state = state(vectors, priorities, others);
		o->end = m->end;
		o->within = ticks;
		__asm__ volatile("cpsie i\n\tisb\n\tcpsid i" : : : "memory");
		o->behind = ticks - o->within;
		memcpy(o->block, (const uint8_t *)block + 64, sizeof o->block);
		m->end = (struct module_end){ 0 };
	}
}
