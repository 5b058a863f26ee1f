// Messages at an end point that has a handler, or none. For each case of the run's input an environment opens end point
// 1 with the case's program, and messages are delivered. What became of them, and what both rings hold (end point 2 has
// one, and no handler), the grader reads from `results`.

#include <exo/board.h>
#include <exo/check.h>
#include <exo/endpoint.h>
#include <exo/panic.h>
#include <exo/pipe.h>
#include <exo/string.h>
#include <exo/user.h>

#include "given.h"

#define CASES 512			// as labs/6-jit/test_messages.py has it, and what follows
#define ONE   0x100000			// the end points' memories, two pages each: the second one is the ring
#define TWO   0x200000
#define TEXT  0x300000			// the program,
#define THROUGH (TEXT + 2048)		// and the pipes
#define PAGES 2
#define SLOTS 2
#define KEPT  16			// where a handler leaves what its last helper returned

struct head {
	uint32_t count, fuel, size, times;	// instructions; of the message; how often it comes
	uint32_t pipes;
};

struct result {
	int32_t opened;
	struct endpoint_info info[2];
	uint32_t memory[PAGES], kept;		// the pages' hashes; the word at KEPT in the first
	struct { uint32_t size, hash; } slots[2][SLOTS];
} results[CASES];

static struct env *env;

// What the kernel sees of the environment's page there.
static uint8_t *
page(uint32_t va)
{
	struct mapping m;

	return as_lookup(&env->as, va, &m) == 0 ? p2v(m.pa) : NULL;
}

static void
look(struct result *r)
{
	for (unsigned n = 0; n < 2; n++) {
		const struct message_slot *slot = (const struct message_slot *)page((n == 0 ? ONE : TWO) + PAGE_SIZE);

		r->info[n] = endpoints[n + 1].info;
		for (unsigned i = 0; i < SLOTS; i++, slot++) {
			r->slots[n][i].size = slot->size;
			r->slots[n][i].hash = slot->size <= sizeof slot->bytes ? crc32(slot->bytes, slot->size) : 0;
		}
	}
	for (uint32_t n = 0; n < PAGES; n++)
		r->memory[n] = crc32(page(ONE + n * PAGE_SIZE), PAGE_SIZE);
	r->kept = *(const uint32_t *)(page(ONE) + KEPT);
}

static void
run(const struct head *h, const struct bpf_insn *insns, const struct pipe *pipes, const uint8_t *message,
    struct result *r)
{
	struct endpoint_open one = { .number = 1, .memory = ONE, .pages = PAGES, .ring = 1, .program = TEXT,
		.count = h->count, .fuel = h->fuel, .pipes = THROUGH, .pipe_count = h->pipes };
	struct endpoint_open two = { .number = 2, .memory = TWO, .pages = PAGES, .ring = 1 };

	for (uint32_t at = 0; at < PAGES * PAGE_SIZE; at += PAGE_SIZE) {
		memset(page(ONE + at), 0, PAGE_SIZE);
		memset(page(TWO + at), 0, PAGE_SIZE);
	}
	memcpy(page(TEXT), insns, h->count * sizeof *insns);
	memcpy(page(TEXT) + THROUGH - TEXT, pipes, h->pipes * sizeof *pipes);
	r->opened = endpoint_open(env, &one);
	if (r->opened < 0)
		return;
	endpoint_open(env, &two);
	for (uint32_t n = 0; n < h->times; n++)
		endpoint_deliver(1, message, h->size);
	look(r);
	endpoint_close(&endpoints[1]);
	endpoint_close(&endpoints[2]);
}

void
check_main(void)
{
	const uint8_t *at = params()->input, *end = at + params()->input_size;
	static const uint8_t name[CAP_NAME] = "app";
	struct cap cap;

	cap_mint(&cap, name, RIGHT_ALL, cap_now());
	if (env_create(&cap, 0, &env) < 0 || user_map(&env->as, ONE, PAGES * PAGE_SIZE, RIGHT_READ | RIGHT_WRITE) < 0 ||
	    user_map(&env->as, TWO, PAGES * PAGE_SIZE, RIGHT_READ | RIGHT_WRITE) < 0 ||
	    user_map(&env->as, TEXT, PAGE_SIZE, RIGHT_READ | RIGHT_WRITE) < 0)
		panic("no environment");
	user_switch(&env->as);
	for (struct result *r = results; at < end && r < results + CASES; r++) {
		const struct head *h = (const struct head *)at;
		const struct bpf_insn *insns = (const struct bpf_insn *)(h + 1);
		const struct pipe *pipes = (const struct pipe *)(insns + h->count);
		const uint8_t *message = (const uint8_t *)(pipes + h->pipes);

		run(h, insns, pipes, message, r);
		at = message + (h->size + 3) / 4 * 4;
	}
	user_switch(NULL);
}
