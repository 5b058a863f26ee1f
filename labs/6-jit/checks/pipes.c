// Pipes of the run's input: compiled, and run on messages. What comes of it the grader reads from `compiled` and `ran`;
// what memory is like then, around the message and its destination too, from a hash.

#include <exo/arm.h>
#include <exo/aspace.h>
#include <exo/board.h>
#include <exo/check.h>
#include <exo/kmap.h>
#include <exo/pipe.h>
#include <exo/string.h>
#include <exo/user.h>

#include "given.h"

#define ARENA  0x47e00000	// of RAM that nothing else uses: messages and where they go
#define WINDOW 32
#define CODE   (8 * 1024)	// words
#define UNUSED 0xe7f000f0

struct head {
	uint32_t count, runs;		// pipes; messages
};

struct message {
	uint32_t source, destination, length;	// from the arena's start
	uint32_t low, high;			// of it, what is filled before and looked at afterwards
	uint32_t fill;				// from where in `pattern` on, counted from the arena's start
};

struct {
	uint32_t words;			// or the error
	uint32_t shorter;		// what it says to a word less
	uint32_t spoilt;		// words that it wrote and should not have
} compiled[64];

struct {
	uint32_t result, sums[PIPE_REGISTERS], hash;
	uint32_t registers;		// of r4 to r11, a bit for each that is not what it was
} ran[2048];

uint32_t pipes_call(pipe_function *function, struct pipe_call *c, uint32_t *changed);

static uint8_t pattern[4093];		// no distance that is a power of two is one of it
static uint32_t code[CODE] __attribute__((aligned(PAGE_SIZE)));

// Words of the code's place that are not as they were filled, from the first on.
static uint32_t
written(uint32_t first)
{
	uint32_t n = 0;

	for (uint32_t i = first; i < CODE; i++)
		n += code[i] != UNUSED;
	return n;
}

static int32_t
compile(const struct pipe *pipes, uint32_t count, uint32_t capacity, uint32_t *spoilt)
{
	int32_t words;

	for (uint32_t i = 0; i < CODE; i++)
		code[i] = UNUSED;
	words = pipe_compile(pipes, count, code, capacity);
	*spoilt += written(words < 0 ? 0 : words);
	return words;
}

// Calls it with known values in the registers that it has to keep.
counted uint32_t
pipes_call(pipe_function *function, struct pipe_call *c, uint32_t *changed)
{
	uint32_t result, lost;

	__asm__ volatile(
		"push	{r4-r11}\n\t"
		"mov	r0, %2\n\t"
		"mov	r1, %3\n\t"
		"movw	r4, #0x4444\n\tmovw	r5, #0x5555\n\t"
		"movw	r6, #0x6666\n\tmovw	r7, #0x7777\n\t"
		"movw	r8, #0x8888\n\tmovw	r9, #0x9999\n\t"
		"movw	r10, #0xaaaa\n\tmovw	r11, #0xbbbb\n\t"
		"blx	r1\n\t"
		"mov	r1, #0\n\t"
		"movw	r2, #0x4444\n\tcmp	r4, r2\n\torrne	r1, r1, #0x10\n\t"
		"movw	r2, #0x5555\n\tcmp	r5, r2\n\torrne	r1, r1, #0x20\n\t"
		"movw	r2, #0x6666\n\tcmp	r6, r2\n\torrne	r1, r1, #0x40\n\t"
		"movw	r2, #0x7777\n\tcmp	r7, r2\n\torrne	r1, r1, #0x80\n\t"
		"movw	r2, #0x8888\n\tcmp	r8, r2\n\torrne	r1, r1, #0x100\n\t"
		"movw	r2, #0x9999\n\tcmp	r9, r2\n\torrne	r1, r1, #0x200\n\t"
		"movw	r2, #0xaaaa\n\tcmp	r10, r2\n\torrne	r1, r1, #0x400\n\t"
		"movw	r2, #0xbbbb\n\tcmp	r11, r2\n\torrne	r1, r1, #0x800\n\t"
		"pop	{r4-r11}\n\t"
		"mov	%0, r0\n\t"
		"mov	%1, r1"
		: "=&r"(result), "=&r"(lost) : "r"(c), "r"(function)
		: "r0", "r1", "r2", "r3", "r12", "lr", "memory", "cc");
	*changed = lost;
	return result;
}

static void
run(uint32_t index, pipe_function *function, const struct message *m)
{
	uint8_t *arena = p2v(ARENA);
	struct pipe_call c = { (uintptr_t)arena + m->source, (uintptr_t)arena + m->destination, m->length, { 0 } };

	for (uint32_t i = m->low, from = (m->fill + i) % sizeof pattern; i < m->high; i++) {
		arena[i] = pattern[from];
		from = from + 1 == sizeof pattern ? 0 : from + 1;
	}
	ran[index].result = pipes_call(function, &c, &ran[index].registers);
	ran[index].hash = crc32(arena + m->low, m->high - m->low);
	memcpy(ran[index].sums, c.sums, sizeof c.sums);
}

// The code where it can be executed, and not be written.
static pipe_function *
install(uint32_t words)
{
	user_code(code, 4 * words);
	for (uint32_t page = 0; page * PAGE_SIZE < 4 * words; page++)
		alias_map(WINDOW, page, v2p(code) + page * PAGE_SIZE, RIGHT_READ | RIGHT_EXEC);
	return (pipe_function *)(uintptr_t)alias_address(WINDOW);
}

void
check_main(void)
{
	const uint8_t *at = params()->input, *end = at + params()->input_size;

	for (uint32_t i = 0, x = 0; i < sizeof pattern; i++) {
		x = x * 1664525 + 1013904223;
		pattern[i] = x >> 24;
	}
	for (uint32_t number = 0, index = 0; at < end; number++) {
		const struct head *h = (const struct head *)at;
		const struct pipe *pipes = (const struct pipe *)(h + 1);
		const struct message *m = (const struct message *)(pipes + h->count), *last = m + h->runs;
		uint32_t spoilt = 0;
		int32_t words = compile(pipes, h->count, CODE, &spoilt);

		if (words > 0) {
			compiled[number].shorter = compile(pipes, h->count, words - 1, &spoilt);
			compile(pipes, h->count, words, &spoilt);
		}
		compiled[number].words = words;
		compiled[number].spoilt = spoilt;
		if (words <= 0)
			index += h->runs;
		else
			for (pipe_function *function = install(words); m < last; m++)
				run(index++, function, m);
		at = (const uint8_t *)last;
	}
}
