// Everything that the rewriter has to make safe, a function for each kind: compiled into a module, and into the kernel beside it, whose
// results have to be the same. Each works on what `seed` makes of its data.
#pragma once

#include <exo/types.h>

#define FORMS 8

struct row {
	uint32_t a;
	uint16_t b;
	int8_t c;
	uint8_t d;
	uint64_t e;
};

static struct row rows[24];
static uint32_t table[64];
static uint32_t (*volatile chosen)(uint32_t);
static volatile uint32_t depth;
static uint32_t *volatile seen;			// what the compiler cannot foresee is used

static uint32_t
draw(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 7;
}

// Words, halfwords, bytes, doublewords, by immediate offsets.
__attribute__((noinline)) static uint32_t
structures(uint32_t seed)
{
	uint32_t sum = 0;

	for (struct row *r = rows; r < rows + ARRAY_SIZE(rows); r++)
		*r = (struct row){ draw(&seed), draw(&seed), draw(&seed), draw(&seed), (uint64_t)draw(&seed) << 20 };
	for (unsigned i = 1; i < ARRAY_SIZE(rows); i++) {
		rows[i].a += rows[i - 1].b;
		rows[i].c ^= rows[i - 1].d;
		rows[i].e -= rows[i - 1].e ^ rows[i].a;
		sum = sum * 31 + rows[i].a + rows[i].b + rows[i].c + rows[i].d + (uint32_t)(rows[i].e >> 32);
	}
	return sum;
}

// An index in a register, shifted and not; both signs.
__attribute__((noinline)) static uint32_t
indices(uint32_t seed)
{
	uint32_t sum = seed;

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		table[i] = draw(&seed);
	for (unsigned i = 0; i < 200; i++) {
		unsigned at = draw(&seed) % ARRAY_SIZE(table);

		table[at] ^= sum;
		((uint8_t *)table)[at] += i;
		((uint16_t *)table)[2 * ARRAY_SIZE(table) - 1 - at] -= at;
		sum += table[ARRAY_SIZE(table) - 1 - at] + ((int16_t *)table)[at] + ((int8_t *)table)[3 * at];
	}
	return sum;
}

// A pointer that moves as it is used, forwards and back.
__attribute__((noinline)) static uint32_t
pointers(uint32_t seed)
{
	uint32_t *p = table, sum = 0;
	uint8_t *end = (uint8_t *)table + sizeof table;

	while (p < table + ARRAY_SIZE(table))
		*p++ = draw(&seed);
	while (--p > table)
		sum = sum * 17 + (*p ^ p[-1]);
	for (uint8_t *q = (uint8_t *)table; q < end; q += 3)
		*q = sum >> (*q & 7);
	for (int16_t *q = (int16_t *)table; (uint8_t *)q < end; q++)
		sum += *q;
	return sum;
}

// Several registers at once.
__attribute__((noinline)) static uint32_t
copies(uint32_t seed)
{
	struct { uint32_t w[9]; } from, to[3];
	uint32_t sum = 0;

	for (unsigned i = 0; i < 9; i++)
		from.w[i] = draw(&seed);
	seen = from.w;
	to[0] = from;
	to[2] = to[0];
	from.w[4] ^= to[2].w[8];
	to[1] = from;
	seen = to[0].w;
	for (unsigned i = 0; i < 9; i++)
		sum = sum * 7 + to[1].w[i] - to[2].w[8 - i];
	seen = NULL;
	return sum;
}

// Calls, returns, recursion, more arguments than there are registers.
__attribute__((noinline)) static uint32_t
many(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f, uint32_t g)
{
	return depth++ < 40 ? a + many(b, c, d, e, f, g, a ^ depth) : a - g;
}

// Functions by their addresses.
__attribute__((noinline)) static uint32_t
twice(uint32_t x)
{
	return 2 * x + 1;
}

__attribute__((noinline)) static uint32_t
half(uint32_t x)
{
	return x / 2 ^ 0x55;
}

__attribute__((noinline)) static uint32_t
functions(uint32_t seed)
{
	static uint32_t (*const of[])(uint32_t) = { twice, half, structures, pointers };
	uint32_t sum = seed;

	for (unsigned i = 0; i < 40; i++) {
		chosen = of[draw(&seed) % (i % 10 == 0 ? 4 : 2)];
		sum = chosen(sum);
	}
	return sum;
}

// A switch by a table of addresses, and conditional stores.
__attribute__((noinline)) static uint32_t
switches(uint32_t seed)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < 200; i++) {
		uint32_t x = draw(&seed);

		switch (x % 9) {
		case 0: sum += x; break;
		case 1: sum ^= table[x % 64]; break;
		case 2: table[x % 64] = sum; break;
		case 3: sum = sum << 3 | sum >> 29; break;
		case 4: sum -= (uint32_t)rows[x % 24].c; break;
		case 5: rows[x % 24].d = sum; break;
		case 7: sum *= 2654435761u; break;
		}
		if (sum & 4)
			table[i % 64] = x;
		if ((int32_t)sum > (int32_t)x)
			rows[i % 24].b = sum;
	}
	return sum;
}

// Frames: one that no immediate reaches across, and one whose size is known when it runs.
__attribute__((noinline)) static uint32_t
frames(uint32_t seed)
{
	uint32_t far[1300], n = 3 + seed % 5, sum = 0;
	volatile uint8_t some[n];

	for (unsigned i = 0; i < 1300; i += 13)
		far[i] = draw(&seed);
	seen = far;
	for (unsigned i = 0; i < n; i++)
		some[i] = far[i * 13];
	for (unsigned i = 0; i < n; i++)
		sum = sum * 251 + some[i] + far[1287 - 13 * i];
	seen = NULL;
	return sum;
}

__attribute__((noinline)) static uint32_t
calls(uint32_t seed)
{
	depth = 0;
	return many(seed, draw(&seed), draw(&seed), draw(&seed), draw(&seed), draw(&seed), draw(&seed));
}
