// The memory and string functions of exo/string.h: bytes up to a word boundary, four words at a
// time, the bytes that are left.

#include <exo/string.h>

// GCC would recognise these loops as the functions they are, and call them for ever.
#pragma GCC optimize("no-tree-loop-distribute-patterns")

typedef uint32_t word __attribute__((may_alias));
struct four { uint32_t w[4]; } __attribute__((may_alias));	// copied by one LDM and one STM

#define ALIGNED(p) (((uintptr_t)(p) & 3) == 0)

void *
memcpy(void *restrict to, const void *restrict from, size_t n)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	for (; n > 0 && !ALIGNED(t); n--)
		*t++ = *f++;
	if (ALIGNED(f)) {
		for (; n >= 16; n -= 16, t += 16, f += 16)
			*(struct four *)t = *(const struct four *)f;
		for (; n >= 4; n -= 4, t += 4, f += 4)
			*(word *)t = *(const word *)f;
	} else if (n >= 8) {
		// Whole words from both sides: each word stored is made of the two that it straddles.
		unsigned shift = ((uintptr_t)f & 3) * 8;
		const word *w = (const word *)((uintptr_t)f & ~3u);
		uint32_t low = *w++;

		for (; n >= 8; n -= 4, t += 4, f += 4) {
			uint32_t high = *w++;

			*(word *)t = low >> shift | high << (32 - shift);
			low = high;
		}
	}
	for (; n > 0; n--)
		*t++ = *f++;
	return to;
}

void *
memmove(void *to, const void *from, size_t n)
{
	uint8_t *t = (uint8_t *)to + n;
	const uint8_t *f = (const uint8_t *)from + n;

	if ((uintptr_t)to - (uintptr_t)from >= n)	// `to` is not inside: forwards is safe
		return memcpy(to, from, n);
	for (; n > 0 && !ALIGNED(t); n--)
		*--t = *--f;
	if (ALIGNED(f))
		for (; n >= 4; n -= 4) {
			t -= 4, f -= 4;
			*(word *)t = *(const word *)f;
		}
	for (; n > 0; n--)
		*--t = *--f;
	return to;
}

void *
memset(void *to, int byte, size_t n)
{
	uint8_t *t = to;
	uint32_t w = (uint8_t)byte * 0x01010101u;

	for (; n > 0 && !ALIGNED(t); n--)
		*t++ = byte;
	for (; n >= 16; n -= 16, t += 16)
		*(struct four *)t = (struct four){ { w, w, w, w } };
	for (; n >= 4; n -= 4, t += 4)
		*(word *)t = w;
	for (; n > 0; n--)
		*t++ = byte;
	return to;
}

int
memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *p = a, *q = b;

	if (ALIGNED(p) && ALIGNED(q))
		for (; n >= 4 && *(const word *)p == *(const word *)q; n -= 4)
			p += 4, q += 4;
	for (; n > 0; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

size_t
strlen(const char *s)
{
	const char *p = s;

	while (*p != '\0')
		p++;
	return p - s;
}

int
strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

int
strncmp(const char *a, const char *b, size_t n)
{
	for (; n > 0; n--, a++, b++)
		if (*a != *b || *a == '\0')
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}
