// Programs of the run's input, one after the other: verified, interpreted, compiled and run, as each asks for. What
// became of each the grader reads from `results`; what they did to their memory, from its hash.

#include <exo/board.h>
#include <exo/check.h>
#include <exo/jit.h>
#include <exo/space.h>
#include <exo/string.h>

#include "given.h"

#define CASES 1024			// as labs/6-jit/programs.py has it, and what follows

#define INTERPRET 1
#define COMPILE   2
#define VERIFY    4
#define RUN       8			// of `running` alone

struct outcome {
	uint32_t end, r0, fuel, fault, hash;
};

struct result {
	uint32_t structure, structure_at, defined, defined_at, words;
	struct outcome interpreted, compiled;
} results[CASES];

// What the kernel is at, if it does not come back: the number of the case and 1; which of the above, RUN is compiled
// code; where that is.
struct {
	uint32_t number, way, code;
} running;

uint8_t region[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
uint32_t code[128 * 1024];
static struct bpf_insn program[BPF_INSNS_MAX];

static uint32_t
mix(struct bpf_context *context, const uint32_t argument[5])
{
	(void)context;
	return argument[0] + 3 * argument[1] + 5 * argument[2] + 7 * argument[3] + 11 * argument[4];
}

static uint32_t
left(struct bpf_context *context, const uint32_t argument[5])
{
	(void)argument;
	return context->fuel;
}

static uint32_t
rotate(struct bpf_context *context, const uint32_t argument[5])
{
	(void)context;
	return argument[0] << 5 | argument[0] >> 27;
}

// Around the helpers that there are lies what would do for some.
static const struct bpf_helper table[3 * BPF_HELPERS] = {
	[0 ... BPF_HELPERS - 1] = { left, 0 },
	[BPF_HELPERS + 1] = { mix, 5 }, [BPF_HELPERS + 2] = { left, 0 }, [BPF_HELPERS + 7] = { rotate, 1 },
	[BPF_HELPERS + 12] = { rotate, 1 },
	[2 * BPF_HELPERS ... 3 * BPF_HELPERS - 1] = { left, 0 },
};
static const struct bpf_helper *const helpers = table + BPF_HELPERS;

// Outside its memory nothing is to change: a byte of `region` that did goes into the hash.
static uint32_t
stray(uint32_t from)
{
	uint32_t found = 0;

	for (; from % 4 != 0; from++)
		found |= region[from] ^ 0xa5;
	for (; from < sizeof region; from += 4)
		found |= *(const uint32_t *)(region + from) ^ 0xa5a5a5a5;
	return found;
}

// How many instructions that takes is counted from outside.
static enum bpf_end counted
enter(jit_function *function, struct bpf_context *c, uint32_t *result)
{
	enum bpf_end end;

	MARK(code_begins);
	end = function(c, result);
	MARK(code_ended);
	return end;
}

// The code has to do without the instructions that it was made from: they are gone when it is run.
static void
run_compiled(const struct given *g, struct bpf_context *c, struct result *r)
{
	const uint32_t bytes = g->head->count * sizeof *g->insns;
	struct space space;
	int32_t words;

	memcpy(program, g->insns, bytes);
	r->words = words = jit_compile(program, g->head->count, helpers, code, ARRAY_SIZE(code));
	memset(program, 0xff, bytes);
	if (words <= 0 || space_code(&space, code, words) < 0) {
		r->compiled.end = 99;
		return;
	}
	running.way = RUN;
	running.code = (uintptr_t)space_address(&space);
	r->compiled.end = enter((jit_function *)(uintptr_t)running.code, c, &r->compiled.r0);
	space_free(&space);
}

static void
run(const struct given *g, uint32_t way, struct result *r)
{
	struct bpf_context c = { .memory = (uintptr_t)region, .size = g->head->size, .argument = g->head->argument,
		.fuel = g->head->fuel, .helpers = helpers };
	struct outcome *o = way == COMPILE ? &r->compiled : &r->interpreted;

	running.way = way;
	memset(region, 0xa5, sizeof region);
	memcpy(region, g->bytes, g->head->size);
	if (way == COMPILE)
		run_compiled(g, &c, r);
	else
		o->end = bpf_interpret(g->insns, g->head->count, &c, &o->r0);
	o->fuel = c.fuel;
	o->fault = c.fault;
	o->hash = crc32(region, g->head->size) + stray(g->head->size);
}

static void
verify(const struct given *g, struct result *r)
{
	running.way = VERIFY;
	r->structure_at = ~0u;
	r->structure = bpf_structure(g->insns, g->head->count + g->head->more, helpers, &r->structure_at);
	if (r->structure == BPF_OK)
		r->defined = bpf_defined(g->insns, g->head->count, helpers, &r->defined_at);
}

void
check_main(void)
{
	struct given g = { 0 };

	for (struct result *r = results; r < results + CASES && given_next(&g); r++) {
		running.number++;
		if (g.head->ways & VERIFY)
			verify(&g, r);
		if (r->structure != BPF_OK || r->defined != BPF_OK)
			continue;
		for (uint32_t way = INTERPRET; way <= COMPILE; way++)
			if (g.head->ways & way)
				run(&g, way, r);
	}
	running.number = 0;
}
