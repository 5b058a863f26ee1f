// What layers cost on a message of 1500 bytes (bench.toml): as pipes that are compiled into one loop, as a loop
// compiled for each pipe, and the same two in C. C has what the compiler of pipes has: it knows how source and
// destination are aligned when it is compiled, loads each word once where it can, goes by four words, and sums in 64
// bits, which is an ADDS and an ADC for each. All four have to come to the same.

#include <exo/arm.h>
#include <exo/aspace.h>
#include <exo/board.h>
#include <exo/check.h>
#include <exo/kmap.h>
#include <exo/panic.h>
#include <exo/pipe.h>
#include <exo/string.h>
#include <exo/user.h>

#define ARENA   0x47e00000	// of RAM that nothing else uses: the message, and behind it where it goes
#define AWAY    0x800
#define LENGTH  1500
#define WINDOWS 32
#define CODE    2048		// words, for each
#define MESSAGE(from) ((uint8_t *)p2v(ARENA) + (from))

typedef uint32_t word __attribute__((may_alias));

static uint32_t code[5][CODE] __attribute__((aligned(PAGE_SIZE)));
static volatile uint32_t length = LENGTH;

// By hand. What is constant where it is called is none in the loop.

struct state {
	const word *source;
	uint8_t *destination;
	uint32_t before, carry;
	uint64_t sum;
};

struct how {
	unsigned from, to;		// source and destination modulo 4
	bool sums, swaps, copies;
};

static inline __attribute__((always_inline)) uint32_t
take(struct state *s, struct how how)
{
	uint32_t next = *s->source++, w = next;

	if (how.from != 0)
		w = s->before >> 8 * how.from | next << (32 - 8 * how.from) % 32;
	s->before = next;
	if (how.sums)
		s->sum += w;
	return how.swaps ? __builtin_bswap32(w) : w;
}

static inline __attribute__((always_inline)) void
bytes(struct state *s, unsigned n)
{
	for (; n > 0; n--, s->carry >>= 8)
		*s->destination++ = s->carry;
}

static inline __attribute__((always_inline)) void
turn(struct state *s, struct how how)
{
	uint32_t w = take(s, how);

	if (!how.copies)
		return;
	*(word *)s->destination = how.to == 0 ? w : s->carry | w << 8 * how.to;
	s->destination += 4;
	s->carry = w >> (32 - 8 * how.to) % 32;
}

// Of a length that is a multiple of 4, and not 0.
static inline __attribute__((always_inline)) uint32_t
by_hand(const uint8_t *source, uint8_t *destination, uint32_t size, struct how how)
{
	struct state s = { .source = (const word *)(source - how.from), .destination = destination };
	uint32_t words = size / 4;

	if (how.from != 0)
		s.before = *s.source++;
	if (how.copies && how.to != 0) {
		s.carry = take(&s, how);
		bytes(&s, 4 - how.to);
		words--;
	}
	for (; words >= 4; words -= 4) {
		turn(&s, how);
		turn(&s, how);
		turn(&s, how);
		turn(&s, how);
	}
	for (; words > 0; words--)
		turn(&s, how);
	if (how.copies)
		bytes(&s, how.to);
	s.sum = (s.sum & 0xffffffff) + (s.sum >> 32);
	s.sum = (s.sum & 0xffff) + (s.sum >> 16 & 0xffff) + (s.sum >> 32);
	s.sum = (s.sum & 0xffff) + (s.sum >> 16);
	return ~(s.sum + (s.sum >> 16)) & 0xffff;
}

// Compiled.

static pipe_function *
compiled(unsigned number, const struct pipe *pipes, uint32_t count)
{
	int32_t words = pipe_compile(pipes, count, code[number], CODE);

	if (words < 0)
		panic("pipes %u: %d", number, words);
	user_code(code[number], 4 * words);
	for (uint32_t page = 0; page * PAGE_SIZE < sizeof code[0]; page++)
		alias_map(WINDOWS + number, page, v2p(code[number]) + page * PAGE_SIZE, RIGHT_READ | RIGHT_EXEC);
	return (pipe_function *)(uintptr_t)alias_address(WINDOWS + number);
}

// What came of it, against the first way's.
static void
compare(bool first, const uint8_t *destination, uint32_t sum)
{
	static uint8_t expected[LENGTH + 2];
	static uint32_t expected_sum;

	if (first) {
		memcpy(expected, destination - 1, sizeof expected);
		expected_sum = sum;
	} else if (memcmp(expected, destination - 1, sizeof expected) != 0 || sum != expected_sum) {
		panic("the ways differ");
	}
	memset((uint8_t *)destination - 1, 0, sizeof expected);
}

#define MEASURE(way, what, where, source, destination, sum, ...) do { \
	MARK(way##_##what##_##where##_begin); \
	__VA_ARGS__; \
	MARK(way##_##what##_##where##_end); \
	compare(__builtin_strcmp(#way, "fused") == 0, destination, sum); \
} while (0)

// Layers `what`, of which swaps is one or not, with a source and a destination so far off a word.
#define LAYERS(what, where, from, to, whole, swap) \
static counted void \
what##_##where(void) \
{ \
	uint8_t *source = MESSAGE(from), *destination = MESSAGE(AWAY + to); \
	struct pipe_call c = { (uintptr_t)source, (uintptr_t)destination, length, { 0 } }; \
	struct pipe_call away = { (uintptr_t)destination, (uintptr_t)destination, length, { 0 } }; \
	uint32_t sum = 0, size = length; \
 \
	MEASURE(fused, what, where, source, destination, c.sums[0], whole(&c)); \
	MEASURE(passes, what, where, source, destination, away.sums[0], \
		copy(&c); \
		summed(&away); \
		if (swap) \
			swapped(&away)); \
	MEASURE(c_fused, what, where, source, destination, sum, \
		sum = by_hand(source, destination, size, (struct how){ from, to, true, swap, true })); \
	MEASURE(c_passes, what, where, source, destination, sum, \
		by_hand(source, destination, size, (struct how){ from, to, false, false, true }); \
		sum = by_hand(destination, NULL, size, (struct how){ to, 0, true, false, false }); \
		if (swap) \
			by_hand(destination, destination, size, (struct how){ to, to, false, true, true })); \
}

static pipe_function *copy, *summed, *swapped, *two, *three;

LAYERS(two, aligned, 0, 0, two, false)
LAYERS(two, source, 2, 0, two, false)
LAYERS(two, both, 1, 3, two, false)
LAYERS(three, aligned, 0, 0, three, true)
LAYERS(three, source, 2, 0, three, true)
LAYERS(three, both, 1, 3, three, true)

static counted void
compile(void)
{
	static const struct pipe pipes[] = { { PIPE_SUM, 0 }, { PIPE_SWAP32, 0 }, { PIPE_COPY, 0 } };
	static const struct pipe pair[] = { { PIPE_SUM, 0 }, { PIPE_COPY, 0 } };

	copy = compiled(0, &pipes[2], 1);
	summed = compiled(1, &pipes[0], 1);
	swapped = compiled(2, &pipes[1], 2);
	two = compiled(3, pair, 2);
	three = compiled(4, pipes, 3);
	MARK(compile_begin);
	pipe_compile(pipes, 3, code[4], CODE);
	MARK(compile_end);
}

void
check_main(void)
{
	compile();
	for (uint32_t i = 0, x = params()->seed; i < LENGTH + 4; i++, x = x * 1664525 + 1013904223)
		MESSAGE(0)[i] = x >> 24;
	two_aligned();
	two_source();
	two_both();
	three_aligned();
	three_source();
	three_both();
}
