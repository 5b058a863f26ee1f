// Every word there is, put to a verifier (exo/verify.h) and to the table of masks (masks.txt). Prints where the two disagree.
//
//	sweep MASKS FROM TO [SEED COUNT]
//	sweep MASKS
//
// The second form reads words, in hexadecimal, and prints for each what the table alone says of it at the code's start: when it is accepted.
// FROM and TO, exclusive, are bits 31:16 of the words, in hexadecimal, 0 to 10000; with COUNT so many words of each class instead: fields at random from SEED and at their
// ends. A class is bits 27:20 and 7:4. Each word is tried in each context that the rules distinguish: without pins, and with; branches from the first, the middle and the last word of a module's code.
// Exit code: 0, all agree; 1, some do not; 2, bad use.

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <exo/verify.h>

#define END      (MODULE_CODE + 0x1000)
#define SHOWN    20		// disagreements that are printed
#define LINES    256

enum { W, W1, P, P1, NSP, NSP1, EVEN, NE, GE, SUM, STORES, LOADS, PINS, TARGET };
static const char *const names[] = { "w", "w1", "p", "p1", "nsp", "nsp1", "even", "ne", "ge", "sum", "stores", "loads", "pins", "target" };

struct condition {
	int kind;
	uint32_t a, b;			// masks of the fields it is of,
	int shift, shift_b;		// and where these begin
};

struct line {
	char name[32];
	uint32_t mask, value;
	int conditions;
	struct condition condition[8];
};

static struct line lines[LINES];
static int line_count;
static struct line *by_class[4096][24];	// those that a word with these bits 27:20, 7:4 may be; null behind the last
static uint64_t accepted, refused, wrong;
static const char *const contexts[] = { "never", "without pins", "with pins", "always" };

static _Noreturn void
fail(const char *what, const char *at)
{
	fprintf(stderr, "sweep: %s: %s\n", what, at);
	exit(2);
}

static void
parse(char *text)
{
	struct line *l = &lines[line_count++];
	uint32_t fields[128] = { 0 };
	char *word = strtok(text, " \n");
	int bit = 27;

	if (line_count == LINES || word == NULL || strlen(word) >= sizeof l->name)
		fail("too many lines, or too long a name", text);
	strcpy(l->name, word);
	while (bit >= 0 && (word = strtok(NULL, " \n")) != NULL)
		for (; *word != '\0' && bit >= 0; word++, bit--) {
			if (*word == '0' || *word == '1') {
				l->mask |= 1u << bit;
				l->value |= (uint32_t)(*word == '1') << bit;
			} else {
				fields[*word & 127] |= 1u << bit;
			}
		}
	while ((word = strtok(NULL, " \n")) != NULL) {
		struct condition *c = &l->condition[l->conditions++];
		char *open = strchr(word, '(');

		if (open == NULL || l->conditions > 8)
			fail("no condition", word);
		*open = '\0';
		for (c->kind = 0; strcmp(names[c->kind], word) != 0;)
			if (++c->kind == sizeof names / sizeof *names)
				fail("no condition", word);
		c->a = fields[open[1] & 127];
		c->b = open[2] == ',' ? fields[open[3] & 127] : 0;
		if (c->a == 0 || (open[2] == ',' && c->b == 0))
			fail("no such field", l->name);
		c->shift = __builtin_ctz(c->a);
		c->shift_b = c->b != 0 ? __builtin_ctz(c->b) : 0;
	}
}

static void
read_masks(const char *path)
{
	FILE *f = fopen(path, "r");
	char text[256];

	if (f == NULL)
		fail("cannot be read", path);
	while (fgets(text, sizeof text, f) != NULL)
		if (isalpha((unsigned char)text[0]))
			parse(text);
	fclose(f);
	for (uint32_t class = 0; class < 4096; class++) {
		uint32_t bits = class >> 4 << 20 | (class & 15) << 4, mask = 0x0ff000f0;
		int n = 0;

		for (struct line *l = lines; l < lines + line_count; l++)
			if (((bits ^ l->value) & l->mask & mask) == 0) {
				if (n == 23)
					fail("too many lines of a class", l->name);
				by_class[class][n++] = l;
			}
	}
}

// The bits of a field, put together.
static uint32_t
extract(uint32_t word, uint32_t mask)
{
	uint32_t value = 0;

	for (uint32_t bit = 1; mask != 0; mask &= mask - 1, bit <<= 1)
		if (word & mask & -mask)
			value |= bit;
	return value;
}

// Does it hold without pins (bit 0), and with these (bit 1)?
static unsigned
holds(const struct condition *c, uint32_t word, uint32_t offset, uint32_t pins)
{
	const uint32_t guards = 1 << 9 | 1 << 10 | 1 << 13 | 1 << 15, r8 = 1 << 8;
	uint32_t a = (word & c->a) >> c->shift, b = (word & c->b) >> c->shift_b, target;

	switch (c->kind) {
	case W1:
		a++;
		// fallthrough
	case W:
		a = 1u << a;
		return a & guards ? 0 : a & r8 ? 1 : 3;
	case P:
		return a != 15 ? 3 : 0;
	case P1:
		return a != 14 ? 3 : 0;
	case NSP:
		return a != 13 ? 3 : 0;
	case NSP1:
		return a != 12 ? 3 : 0;
	case EVEN:
		return a & 1 ? 0 : 3;
	case NE:
		return a != b ? 3 : 0;
	case GE:
		return a >= b ? 3 : 0;
	case SUM:
		return a + b <= 31 ? 3 : 0;
	case STORES:
		return a != 0 && !(a & (1 << 13 | 1 << 15)) ? 3 : 0;
	case LOADS:
		return a == 0 || a & guards ? 0 : a & r8 ? 1 : 3;
	case PINS:
		return extract(word, c->a) & ~pins ? 0 : 2;
	default:
		target = offset + 8 + 4 * (a & 0x800000 ? a | 0xff000000 : a);
		return target < 4 * MODULE_ENTRIES || (target >= MODULE_CODE && target < END) ? 3 : 0;
	}
}

// Is it accepted without pins (bit 0), and with these (bit 1)? *last is a line that says so.
static unsigned
table(uint32_t word, uint32_t offset, uint32_t pins, const struct line **last)
{
	unsigned by = 0;

	if (word >= 0xf0000000)
		return 0;
	for (struct line **l = by_class[(word >> 20 & 0xff) << 4 | (word >> 4 & 15)]; *l != NULL; l++) {
		unsigned all = 3;

		if ((word & (*l)->mask) != (*l)->value)
			continue;
		for (int n = 0; n < (*l)->conditions && all != 0; n++)
			all &= holds(&(*l)->condition[n], word, offset, pins);
		if (all != 0)
			*last = *l;
		by |= all;
	}
	return by;
}

static void
put(uint32_t word, uint32_t offset, uint32_t pins)
{
	const struct line *l = NULL;
	unsigned by = table(word, offset, pins, &l);
	unsigned says = verify_word(word, offset, END, 0) | (unsigned)verify_word(word, offset, END, pins) << 1;

	accepted += by != 0, refused += by == 0;
	if (says == by)
		return;
	if (wrong++ < SHOWN)
		printf("%08x at %05x: accepted by the verifier %s, by the table %s%s%s\n", word, offset, contexts[says], contexts[by],
		    l != NULL ? ", as " : "", l != NULL ? l->name : "");
}

static void
try(uint32_t word)
{
	static const uint32_t places[] = { MODULE_CODE, MODULE_CODE + 0x800, END - 4 };

	if ((word & 0x0e000000) == 0x0a000000)
		for (int i = 0; i < 3; i++)
			put(word, places[i], 0x5a);
	else
		put(word, MODULE_CODE, 0x5a);
}

static uint64_t
next(uint64_t *state)		// splitmix64 (Steele, Lea and Flood, OOPSLA 2014, figure 17)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

// Each class, with registers and other fields at random, often at their ends.
static void
sample(uint64_t seed, unsigned long count)
{
	static const uint32_t registers[] = { 0, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

	for (uint32_t class = 0; class < 4096; class++)
		for (unsigned long n = 0; n < count; n++) {
			uint64_t r = next(&seed);
			uint32_t word = (uint32_t)r & 0xf00fff0f, cond = word >> 28;

			for (int at = 0; at < 20; at += 4)	// 19:16, 15:12, 11:8 and 3:0
				if (at != 4 && (r >> (32 + at) & 1))
					word = (word & ~(0xfu << at)) | registers[(r >> 33) % 10] << at, r = next(&seed);
			word = (word & 0xf00fff0f) | class >> 4 << 20 | (class & 15) << 4;
			if (cond == 15 && n % 8 != 0)
				word &= 0xefffffff;
			try(word);
		}
}

int
main(int argc, char **argv)
{
	if (argc != 2 && argc != 4 && argc != 6) {
		fprintf(stderr, "sweep: type: sweep MASKS [FROM TO [SEED COUNT]]\n");
		return 2;
	}
	read_masks(argv[1]);
	if (argc == 2) {
		const struct line *l;
		unsigned word;

		while (scanf("%x", &word) == 1)
			puts(contexts[table(word, MODULE_CODE, 0x5a, &l)]);
		return 0;
	}
	if (argc == 6)
		sample(strtoull(argv[4], NULL, 0), strtoul(argv[5], NULL, 0));
	else
		for (uint64_t word = strtoull(argv[2], NULL, 16) << 16, to = strtoull(argv[3], NULL, 16) << 16; word < to; word++)
			try(word);
	printf("%llu accepted, %llu refused, %llu wrong\n", (unsigned long long)accepted, (unsigned long long)refused,
	    (unsigned long long)wrong);
	return wrong != 0;
}
