// The memory and string functions that a module is linked with: compiled and rewritten as it is. (The compiler calls
// the first four.)

#include <exo/types.h>

typedef uint32_t word __attribute__((may_alias));
struct four { uint32_t w[4]; } __attribute__((may_alias));	// copied by one LDM and one STM

#define ALIGNED(p) (((uintptr_t)(p) & 3) == 0)

void *
memcpy(void *restrict to, const void *restrict from, size_t n)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (ALIGNED(t) && ALIGNED(f)) {
		for (; n >= 16; n -= 16, t += 16, f += 16)
			*(struct four *)t = *(const struct four *)f;
		for (; n >= 4; n -= 4, t += 4, f += 4)
			*(word *)t = *(const word *)f;
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

	if ((uintptr_t)to - (uintptr_t)from >= n)
		return memcpy(to, from, n);
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
	for (; n > 0; n--)
		*t++ = byte;
	return to;
}

int
memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *p = a, *q = b;

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
	for (; *a == *b && *a != '\0'; a++, b++)
		;
	return (unsigned char)*a - (unsigned char)*b;
}
