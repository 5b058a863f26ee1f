// Programs of the run's input, loaded under a rule (exo/program.h), and run at two places: with the same bytes, and the
// same number of them, in memory that begins elsewhere. What came of both the test reads from `results`.

#include <exo/check.h>
#include <exo/params.h>
#include <exo/program.h>
#include <exo/string.h>

#define CASES 256			// as grader/tests/test_program.py has it

struct head {
	uint32_t count, rule, size, argument;
};

struct result {
	int32_t loaded;
	struct bpf_refused why;
	struct { uint32_t end, r0, fuel, fault, hash; } at[2];
} results[CASES];

static uint8_t memory[2][2][4096] __attribute__((aligned(4096)));

static const struct bpf_helper none[BPF_HELPERS];

static uint32_t
hash(const uint8_t *bytes, uint32_t size)
{
	uint32_t h = 2166136261;

	while (size-- > 0)
		h = (h ^ *bytes++) * 16777619;
	return h;
}

// Deeper on the stack the second time, so that r10 is another one.
static void __attribute__((noinline))
run(const struct compiled *p, const struct head *h, const uint8_t *bytes, unsigned n, struct result *r)
{
	uint8_t *at = memory[n][0] + (n == 0 ? 64 : 1004);
	volatile uint32_t deeper[64];
	struct bpf_context c = { .memory = (uintptr_t)at, .size = h->size, .argument = h->argument, .fuel = 100, .helpers = none };

	deeper[0] = n;
	memcpy(at, bytes, h->size);
	r->at[n].end = program_run(p, &c, &r->at[n].r0);
	if (r->at[n].end != BPF_DONE)
		r->at[n].r0 = 0;
	r->at[n].fuel = c.fuel;
	r->at[n].fault = c.fault != 0 ? c.fault - c.memory : 0;
	r->at[n].hash = hash(at, h->size) + deeper[0] * 0;
}

static void __attribute__((noinline))
run_deeper(const struct compiled *p, const struct head *h, const uint8_t *bytes, struct result *r)
{
	volatile uint32_t deeper[40] = { 0 };

	run(p, h, bytes, 1, r);
	r->at[1].hash += deeper[1];
}

void
check_main(void)
{
	const uint8_t *at = params()->input, *end = at + params()->input_size;

	for (struct result *r = results; at < end && r < results + CASES; r++) {
		const struct head *h = (const struct head *)at;
		const struct bpf_insn *insns = (const struct bpf_insn *)(h + 1);
		const uint8_t *bytes = (const uint8_t *)(insns + h->count);
		struct compiled p;

		r->loaded = program_load(&p, insns, h->count, none, h->rule, &r->why);
		if (r->loaded == 0) {
			run(&p, h, bytes, 0, r);
			run_deeper(&p, h, bytes, r);
			program_unload(&p);
		}
		at = bytes + (h->size + 3) / 4 * 4;
	}
}
