// The memory and string functions on random arguments, drawn from the seed as the model in
// grader/tests/test_kernel.py draws them, or between marks that count their instructions.
// Alignment checking is on: an unaligned access is a crash.

#include <exo/check.h>
#include <exo/string.h>

#include "log.h"

#define ARENA 512

uint8_t arena[ARENA] __attribute__((aligned(16)));
static uint8_t big[2][8192] __attribute__((aligned(16)));

enum { MEMCPY, MEMMOVE, MEMSET, MEMCMP, STRLEN, STRCMP, STRNCMP, FUNCTIONS };

static uint32_t
sign(int v)
{
	return v < 0 ? -1 : v > 0;
}

// Not by the functions under test, nor by what the compiler would make of a plain loop.
static void
same(uint8_t *to, const uint8_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((volatile uint8_t *)to)[i] = ((const volatile uint8_t *)from)[i];
}

void string_done(void);
void __attribute__((noinline))
string_done(void)
{
	__asm__ volatile("");
}

// Two stretches of n bytes in the arena: apart from each other, or so near that they may overlap.
static void
draw(uint64_t *state, bool apart, uint32_t *a, uint32_t *b, uint32_t *n)
{
	uint64_t r = random64(state);

	*n = r % (r >> 8 & 3 ? 40 : 200);
	if (apart) {
		uint32_t first = (r >> 16) % (ARENA / 2 - *n + 1);
		uint32_t second = ARENA / 2 + (r >> 32) % (ARENA / 2 - *n + 1);

		*a = r >> 63 ? first : second;
		*b = r >> 63 ? second : first;
	} else {
		*a = 32 + (r >> 16) % (ARENA - 64 - *n);
		*b = *a - 32 + (r >> 32) % 65;
	}
}

// One call with random arguments; its result, with addresses relative to the arena.
static uint32_t
call(uint64_t *state, unsigned function)
{
	uint32_t a, b, n, result = 0;
	uint64_t r;

	draw(state, function != MEMMOVE, &a, &b, &n);
	r = random64(state);

	uint8_t *p = arena + a, *q = arena + b;

	if (function >= MEMCMP) {		// alike, but for one byte at most; a NUL may be anywhere
		same(p, q, n);
		if (r & 3 && n > 0)
			p[(r >> 8) % n] = r >> 56;
		if (r & 4 && n > 0)
			p[(r >> 24) % n] = q[(r >> 24) % n] = 0;
		arena[ARENA - 1] = 0;
		arena[ARENA / 2 - 1] = 0;
	}
	switch (function) {
	case MEMCPY:
		result = (uint8_t *)memcpy(p, q, n) - arena;
		break;
	case MEMMOVE:
		result = (uint8_t *)memmove(p, q, n) - arena;
		break;
	case MEMSET:
		result = (uint8_t *)memset(p, (int)r, n) - arena;
		break;
	case MEMCMP:
		result = sign(memcmp(p, q, n));
		break;
	case STRLEN:
		result = strlen((char *)p);
		break;
	case STRCMP:
		result = sign(strcmp((char *)p, (char *)q));
		break;
	case STRNCMP:
		result = sign(strncmp((char *)p, (char *)q, n));
		break;
	}
	string_done();
	return result;
}

// 4096 bytes, at every pair of alignments.
static void
count(void)
{
	for (unsigned i = 0; i < 16; i++) {
		uint8_t *to = big[0] + i / 4, *from = big[1] + i % 4;

		memcpy(to, from, 4096);
		string_done();
		memset(to, i, 4096);
		string_done();
		memmove(big[0] + 16 + i / 4, big[0] + i % 4, 4096);
		string_done();
		memset(big, 0, sizeof(big));
		string_done();
		log_word(memcmp(to, from, 4096));
		string_done();
	}
}

void
check_main(void)
{
	uint64_t state = params()->seed;
	uint32_t calls = *(const uint32_t *)params()->input;
	uint32_t sctlr;

	__asm__ volatile("mrc p15, 0, %0, c1, c0, 0" : "=r"(sctlr));
	__asm__ volatile("mcr p15, 0, %0, c1, c0, 0\n\tisb" : : "r"(sctlr | 1 << 1) : "memory");	// SCTLR.A

	for (unsigned i = 0; i < ARENA; i++)
		arena[i] = random64(&state);
	string_done();
	for (uint32_t i = 0; i < calls; i++) {
		log_word(call(&state, i % FUNCTIONS));
		log_bytes(arena, ARENA);
	}
	if (calls == 0)
		count();
}
