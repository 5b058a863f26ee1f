// Decompression of a block as LZ4 has it (token, literals, offset, match), made here of pseudo-random runs; what comes
// out, 12 KB, is summed up.

#include <sfi/module.h>

#define OUT 12288

static uint8_t in[16384], out[OUT + 512];

static uint8_t *
put_length(uint8_t *p, uint32_t n)
{
	for (; n >= 255; n -= 255)
		*p++ = 255;
	*p++ = n;
	return p;
}

// A block: sequences of up to 19 literals and a match of 4 to 50 bytes; literals are the last.
static uint32_t
make(uint32_t seed)
{
	uint8_t *p = in;
	uint32_t made = 0;

	while (made < OUT) {
		uint32_t literals, match, offset;

		seed = seed * 1664525 + 1013904223;
		literals = 1 + (seed >> 24) % 19;
		match = 4 + (seed >> 16 & 0xff) % 47;
		made += literals;
		seed = seed * 1664525 + 1013904223;
		offset = 1 + (seed >> 20) % made;
		*p++ = (literals < 15 ? literals : 15) << 4 | (match - 4 < 15 ? match - 4 : 15);
		if (literals >= 15)
			p = put_length(p, literals - 15);
		for (; literals > 0; literals--) {
			seed = seed * 1664525 + 1013904223;
			*p++ = seed >> 24;
		}
		*p++ = offset;
		*p++ = offset >> 8;
		if (match - 4 >= 15)
			p = put_length(p, match - 4 - 15);
		made += match;
	}
	*p++ = 1 << 4;
	*p++ = 0;
	return p - in;
}

static uint32_t
decompress(uint8_t *to, const uint8_t *from, uint32_t size)
{
	const uint8_t *end = from + size;
	uint8_t *o = to;

	for (;;) {
		uint32_t token = *from++, n = token >> 4, more;
		const uint8_t *match;

		if (n == 15)
			do
				n += more = *from++;
			while (more == 255);
		for (; n > 0; n--)
			*o++ = *from++;
		if (from >= end)
			return o - to;
		match = o - (from[0] | from[1] << 8);
		from += 2;
		n = (token & 15) + 4;
		if (n == 19)
			do
				n += more = *from++;
			while (more == 255);
		for (; n > 0; n--)
			*o++ = *match++;
	}
}

uint32_t
run(uint32_t seed)
{
	uint32_t sum = 0, n = decompress(out, in, make(seed));

	for (uint32_t i = 0; i < n; i++)
		sum = sum * 31 + out[i];
	return sum;
}
MODULE_CALLABLE(run);
