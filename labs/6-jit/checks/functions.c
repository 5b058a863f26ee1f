// Programs of the run's input, loaded under a rule (exo/program.h), and run at two places: with the same bytes, and the
// same number of them, in memory that begins elsewhere. What came of both the test reads from `results`.

#include <exo/check.h>
#include <exo/program.h>
#include <exo/string.h>

#include "given.h"

#define CASES 256			// as grader/tests/test_program.py has it

struct result {
	int32_t loaded;
	struct bpf_refused why;
	struct { uint32_t end, r0, fuel, fault, hash; } at[2];
} results[CASES];

static uint8_t memory[2][2][4096] __attribute__((aligned(4096)));

static const struct bpf_helper none[BPF_HELPERS];

// Deeper on the stack the second time, so that r10 is another one.
static void __attribute__((noinline))
run(const struct compiled *p, const struct given *g, unsigned n, struct result *r)
{
	uint8_t *at = memory[n][0] + (n == 0 ? 64 : 1004);
	volatile uint32_t deeper[64];
	struct bpf_context c = { .memory = (uintptr_t)at, .size = g->head->size, .argument = g->head->argument,
		.fuel = g->head->fuel, .helpers = none };

	deeper[0] = n;
	memcpy(at, g->bytes, g->head->size);
	r->at[n].end = program_run(p, &c, &r->at[n].r0);
	if (r->at[n].end != BPF_DONE)
		r->at[n].r0 = 0;
	r->at[n].fuel = c.fuel;
	r->at[n].fault = c.fault != 0 ? c.fault - c.memory : 0;
	r->at[n].hash = crc32(at, g->head->size) + deeper[0] * 0;
}

static void __attribute__((noinline))
run_deeper(const struct compiled *p, const struct given *g, struct result *r)
{
	volatile uint32_t deeper[40] = { 0 };

	run(p, g, 1, r);
	r->at[1].hash += deeper[1];
}

void
check_main(void)
{
	struct given g = { 0 };

	for (struct result *r = results; r < results + CASES && given_next(&g); r++) {
		struct compiled p;

		r->loaded = program_load(&p, g.insns, g.head->count, none, g.head->ways, &r->why);
		if (r->loaded == 0) {
			run(&p, &g, 0, r);
			run_deeper(&p, &g, r);
			program_unload(&p);
		}
	}
}
