// Programs of the run's input, one after the other: verified, interpreted, compiled and run, as each asks for. What
// became of each the grader reads from `results`; what they did to their memory, from its hash.

#include <exo/board.h>
#include <exo/check.h>
#include <exo/jit.h>
#include <exo/params.h>
#include <exo/space.h>
#include <exo/string.h>

#define CASES 1024			// as labs/6-jit/programs.py has it, and what follows

#define INTERPRET 1
#define COMPILE   2
#define VERIFY    4

struct head {
	uint32_t count, ways;		// instructions; bits of the above
	uint32_t size, argument, fuel, more;	// `more`: instructions that are said to be there, and are not
};

struct outcome {
	uint32_t end, r0, fuel, fault, hash;
};

struct result {
	uint32_t structure, structure_at, defined, defined_at, words;
	struct outcome interpreted, compiled;
} results[CASES];

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

static uint32_t
hash(const uint8_t *bytes, uint32_t size)
{
	uint32_t h = 2166136261;

	while (size-- > 0)
		h = (h ^ *bytes++) * 16777619;
	return h;
}

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
run(const struct head *h, const struct bpf_insn *insns, const uint8_t *bytes, bool compiled, struct result *r)
{
	struct bpf_context c = { .memory = (uintptr_t)region, .size = h->size, .argument = h->argument,
		.fuel = h->fuel, .helpers = helpers };
	struct outcome *o = compiled ? &r->compiled : &r->interpreted;
	struct space space;
	int32_t words;

	memset(region, 0xa5, sizeof region);
	memcpy(region, bytes, h->size);
	if (!compiled) {
		o->end = bpf_interpret(insns, h->count, &c, &o->r0);
	} else {
		memcpy(program, insns, h->count * sizeof *insns);
		r->words = words = jit_compile(program, h->count, helpers, code, ARRAY_SIZE(code));
		memset(program, 0xff, h->count * sizeof *insns);
		if (words > 0 && space_code(&space, code, words) == 0) {
			o->end = enter((jit_function *)(uintptr_t)space_address(&space), &c, &o->r0);
			space_free(&space);
		} else {
			o->end = 99;
		}
	}
	o->fuel = c.fuel;
	o->fault = c.fault;
	o->hash = hash(region, h->size) + stray(h->size);
}

void
check_main(void)
{
	const uint8_t *at = params()->input, *end = at + params()->input_size;

	for (struct result *r = results; at < end && r < results + CASES; r++) {
		const struct head *h = (const struct head *)at;
		const struct bpf_insn *insns = (const struct bpf_insn *)(h + 1);
		const uint8_t *bytes = (const uint8_t *)(insns + h->count);

		if (h->ways & VERIFY) {
			r->structure_at = ~0u;
			r->structure = bpf_structure(insns, h->count + h->more, helpers, &r->structure_at);
			if (r->structure == BPF_OK)
				r->defined = bpf_defined(insns, h->count, helpers, &r->defined_at);
		}
		if (r->structure == BPF_OK && r->defined == BPF_OK) {
			if (h->ways & INTERPRET)
				run(h, insns, bytes, false, r);
			if (h->ways & COMPILE)
				run(h, insns, bytes, true, r);
		}
		at = bytes + (h->size + 3) / 4 * 4;
	}
}
