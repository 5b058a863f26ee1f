// Eight handlers, each in C, in C with the checks and the fuel that BPF has, interpreted, and compiled (bench.toml).
// The programs are the run's input: speed/NAME.bpf, in the order of their names, each behind the number of its
// instructions. All four ways have to come to the same. And what it takes to verify and to compile each.

#include <exo/check.h>
#include <exo/jit.h>
#include <exo/panic.h>
#include <exo/space.h>
#include <exo/string.h>

#define SIZE 8192			// of the memory: what lies where in it is said where it is written
#define FUEL 10000

#define HANDLERS(X) X(checksum) X(copy) X(crc32) X(increment) X(lookup) X(predict) X(search) X(xorshift)

// In C: as the kernel's own code would be.
#define HANDLER(name)          static counted uint32_t plain_##name(uint32_t memory, uint32_t size, uint32_t argument)
#define BEGIN()                (void)size
#define LOAD(type, at)         (*(const type *)(uintptr_t)(at))
#define STORE(type, at, value) (*(type *)(uintptr_t)(at) = (value))
#define BACK()                 ((void)0)
#define DONE(value)            return value
#include "speed/handlers.h"
#undef HANDLER
#undef BEGIN
#undef LOAD
#undef STORE
#undef BACK
#undef DONE

// With the checks of exo/bpf.h, and no others: an access that is not all in the memory ends it, and a way back without
// fuel.
#define HANDLER(name) static counted enum bpf_end checked_##name(struct bpf_context *context, uint32_t *result)
#define BEGIN() \
	uint32_t memory = context->memory, size = context->size, argument = context->argument, fuel = context->fuel
#define END(how)      do { context->fuel = fuel; return how; } while (0)
#define CHECK(type, at) \
	do { \
		if (__builtin_expect((at) - memory > size - sizeof(type), 0)) { \
			context->fault = (at); \
			END(BPF_FAULT); \
		} \
	} while (0)
#define LOAD(type, at)         ({ uint32_t at_ = (at); CHECK(type, at_); *(const type *)(uintptr_t)at_; })
#define STORE(type, at, value) \
	do { uint32_t to_ = (at), value_ = (value); CHECK(type, to_); *(type *)(uintptr_t)to_ = value_; } while (0)
#define BACK()        do { if (__builtin_expect(fuel == 0, 0)) END(BPF_FUEL); fuel--; } while (0)
#define DONE(value)   do { *result = (value); END(BPF_DONE); } while (0)
#include "speed/handlers.h"

static uint8_t memory[SIZE] __attribute__((aligned(PAGE_SIZE))), first[SIZE], after[SIZE];
static uint32_t code[16384];
static const struct bpf_helper none[BPF_HELPERS];

static uint32_t *
word(uint32_t at)
{
	return (uint32_t *)(first + at);
}

// What the handlers find: all that they ask for in it is there, and what is looked for, sometimes.
static void
fill(void)
{
	uint64_t state = params()->seed;

	for (uint32_t at = 0; at < SIZE; at += 4)
		*word(at) = random64(&state);
	for (uint32_t n = 0; n < 256; n++) {		// 0: CRC-32's table
		uint32_t crc = n;

		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
		*word(4 * n) = crc;
	}
	memset(first + 1024, 0, 256);			// 1024: the heads of lists, and 1280: 64 entries
	for (uint32_t at = 1280; at < 2048; at += 12) {
		uint32_t *head = word(1024 + 4 * (*word(at + 4) * 0x9e3779b1 >> 26));

		*word(at) = *head;
		*head = at;
	}
	for (uint32_t n = 0, sum = 0; n < 256; n++)	// 2048: words in order, and 3072: 16 keys, for them
		*word(2048 + 4 * n) = sum += *word(2048 + 4 * n) >> 8;
	for (uint32_t n = 0; n < 16; n += 4)		// 3136: 16 keys for the lists, of which every fourth has no entry
		for (uint32_t i = 0; i < 3; i++)
			*word(3136 + 4 * (n + i)) = *word(1284 + 12 * (random64(&state) % 64));
	*word(3200) = 4 * (*word(3200) % 128);		// the ring's place, and at 3204 and 3208 a generator's state and limit
}

// 4098: a frame that asks for an increment, or a segment of the connection at 3264.
static void
frame(bool increment)
{
	static const uint8_t asks[] = { 0x88, 0xb5, 0, 1, 1, 5 };
	static const uint8_t segment[] = { 8, 0, 0x45, 0, 1500 >> 8, 1500 & 0xff, 0, 0, 0x40, 0, 64, 6 };
	uint8_t *f = first + 4098;

	if (increment) {
		memcpy(f + 12, asks, sizeof asks);
		return;
	}
	memcpy(f + 12, segment, sizeof segment);
	memcpy(word(3264), f + 26, 12);
	*word(3276) = __builtin_bswap32(*word(4098 + 38));
	*word(3280) = __builtin_bswap32(*word(4098 + 42)) - 3000;
	*word(3284) = *word(3280) + 5000;
	f[46] = 0x50, f[47] = 0x10;
	memcpy(word(3288), f + 48, 2);
}

static struct bpf_context
fresh(uint32_t argument)
{
	memcpy(memory, first, SIZE);
	return (struct bpf_context){ .memory = (uintptr_t)memory, .size = SIZE, .argument = argument, .fuel = FUEL,
		.helpers = none };
}

// All ways but the first have to come to what that came to.
static void
compare(const char *name, const char *way, bool done, uint32_t r0)
{
	static uint32_t expected;

	if (way == NULL) {
		expected = r0;
		memcpy(after, memory, SIZE);
	} else if (!done || r0 != expected || memcmp(after, memory, SIZE) != 0) {
		panic("%s, %s: %u and not %u, or the memory differs", name, way, r0, expected);
	}
}

#define WAYS(name) \
	static counted void \
	run_##name(const struct bpf_insn *insns, uint32_t count, uint32_t argument) \
	{ \
		struct bpf_context c = fresh(argument); \
		struct space space; \
		uint32_t r0, at; \
		enum bpf_end end; \
		int32_t words; \
 \
		MARK(plain_##name##_begin); \
		r0 = plain_##name(c.memory, c.size, c.argument); \
		MARK(plain_##name##_end); \
		compare(#name, NULL, true, r0); \
 \
		c = fresh(argument); \
		MARK(checked_##name##_begin); \
		end = checked_##name(&c, &r0); \
		MARK(checked_##name##_end); \
		compare(#name, "checked", end == BPF_DONE, r0); \
 \
		c = fresh(argument); \
		MARK(interpreted_##name##_begin); \
		end = bpf_interpret(insns, count, &c, &r0); \
		MARK(interpreted_##name##_end); \
		compare(#name, "interpreted", end == BPF_DONE, r0); \
 \
		MARK(verify_##name##_begin); \
		words = bpf_structure(insns, count, none, &at) | bpf_defined(insns, count, none, &at); \
		MARK(verify_##name##_end); \
		if (words != BPF_OK) \
			panic(#name " is refused: %d, at %u", words, at); \
		MARK(compile_##name##_begin); \
		words = jit_compile(insns, count, none, code, ARRAY_SIZE(code)); \
		MARK(compile_##name##_end); \
		report("instructions of " #name " %u", count); \
		if (words < 0 || space_code(&space, code, words) < 0) \
			panic(#name " is not compiled"); \
		c = fresh(argument); \
		jit_function *function = (jit_function *)(uintptr_t)space_address(&space); \
		MARK(compiled_##name##_begin); \
		end = function(&c, &r0); \
		MARK(compiled_##name##_end); \
		compare(#name, "compiled", end == BPF_DONE, r0); \
	}

HANDLERS(WAYS)

#define checksum_ARGUMENT  1500		// bytes
#define copy_ARGUMENT      1024
#define crc32_ARGUMENT     1500
#define increment_ARGUMENT 60
#define lookup_ARGUMENT    16		// keys
#define predict_ARGUMENT   1514
#define search_ARGUMENT    16
#define xorshift_ARGUMENT  256		// numbers

void
check_main(void)
{
	const uint32_t *at = (const uint32_t *)params()->input;

	fill();
#define RUN(name) \
	frame(name##_ARGUMENT == increment_ARGUMENT); \
	run_##name((const struct bpf_insn *)(at + 1), *at, name##_ARGUMENT); \
	at += 1 + 2 * *at;

	HANDLERS(RUN)
}
