// Where words of two to nine letters are in a text of 3000 out of an alphabet of four, looked for letter by letter.

#include <sfi/module.h>

static char text[3001];

static const char *
find(const char *in, const char *what)
{
	for (; *in != '\0'; in++) {
		const char *p = in, *q = what;

		while (*q != '\0' && *p == *q)
			p++, q++;
		if (*q == '\0')
			return in;
	}
	return NULL;
}

uint32_t
run(uint32_t seed)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < sizeof text - 1; i++) {
		seed = seed * 1664525 + 1013904223;
		text[i] = 'a' + (seed >> 30);
	}
	for (uint32_t n = 2; n < 10; n++) {
		char word[16];
		const char *at;

		for (uint32_t i = 0; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			word[i] = 'a' + (seed >> 30);
		}
		word[n] = '\0';
		at = find(text, word);
		sum = sum * 31 + (at == NULL ? 0 : at - text + 1);
	}
	return sum;
}
MODULE_CALLABLE(run);
