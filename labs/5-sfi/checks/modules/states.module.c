// A state machine: words, numbers, strings with escapes and comments of a text of 4000 letters are counted.

#include <sfi/module.h>

enum state { BETWEEN, WORD, NUMBER, STRING, ESCAPE, COMMENT, STATES };

static char text[4001];
static uint32_t counts[STATES];

static enum state
step(enum state state, char c)
{
	switch (state) {
	case BETWEEN:
	case WORD:
	case NUMBER:
		if (c >= 'a' && c <= 'z')
			return WORD;
		if (c >= '0' && c <= '9')
			return state == WORD ? WORD : NUMBER;
		return c == '"' ? STRING : c == '#' ? COMMENT : BETWEEN;
	case STRING:
		return c == '"' ? BETWEEN : c == '\\' ? ESCAPE : STRING;
	case ESCAPE:
		return STRING;
	case COMMENT:
		return c == '\n' ? BETWEEN : COMMENT;
	default:
		return BETWEEN;
	}
}

uint32_t
run(uint32_t seed)
{
	static const char letters[32] = "abcdefgh 0123456789 \"\"\\#\n\n xyz ,";
	enum state state = BETWEEN;
	uint32_t sum = 0;

	for (uint32_t i = 0; i < sizeof text - 1; i++) {
		seed = seed * 1664525 + 1013904223;
		text[i] = letters[seed >> 27];
	}
	for (int i = 0; i < STATES; i++)
		counts[i] = 0;
	for (const char *p = text; *p != '\0'; p++) {
		enum state next = step(state, *p);

		if (next != state)
			counts[next]++;
		state = next;
	}
	for (int i = 0; i < STATES; i++)
		sum = sum * 1009 + counts[i];
	return sum;
}
MODULE_CALLABLE(run);
