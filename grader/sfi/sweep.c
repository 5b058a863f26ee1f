// The full sweep, on the host: a verifier, linked with this, against the mask table, for all 2^32 words in each
// context that the contract distinguishes. Two processes share the work. With `--quick SEED` what a check has time for
// instead.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "quick.h"

#define PROCESSES 2
#define SHOWN     8
#define AL        0xe0000000
#define PINS      0xa5			// where it matters only that there are some

struct tally {
	uint64_t tried, accepted, wrong;
	struct quick_word first[SHOWN];
};

// Where branches may stand, and how long the module is.
static const struct {
	uint32_t offset, end;
} places[] = {
	{ MODULE_CODE, MODULE_CODE + 4 },
	{ MODULE_CODE, MODULE_CODE + 0x1000 },
	{ MODULE_CODE + 0x7fc, MODULE_CODE + 0x1000 },
	{ MODULE_CODE + 0xffc, MODULE_CODE + 0x1000 },
	{ MODULE_CODE, MODULE_CODE + MODULE_CODE_MAX },
	{ MODULE_CODE + MODULE_CODE_MAX - 4, MODULE_CODE + MODULE_CODE_MAX },
};

static void
compare(struct tally *tally, bool expected, struct quick_word q)
{
	bool says = verify_word(q.word, q.offset, q.end, q.pins);

	tally->tried++;
	tally->accepted += says;
	if (says == expected)
		return;
	if (tally->wrong < SHOWN)
		tally->first[tally->wrong] = q;
	tally->wrong++;
}

// Every word; what the table says depends on the condition in nothing but whether it is 0b1111.
static void
all_words(struct tally *tally, unsigned part, uint32_t pins)
{
	uint32_t offset = MODULE_CODE + 0x7fc, end = MODULE_CODE + 0x1000;

	for (uint32_t chunk = part; chunk < 1 << 12; chunk += PROCESSES)
		for (uint32_t low = chunk << 16; low < (chunk + 1) << 16; low++) {
			bool expected = masks_accept(AL | low, offset, end, pins);
			unsigned accepted = 0;

			for (uint32_t condition = 0; condition < 15; condition++)
				accepted += verify_word(condition << 28 | low, offset, end, pins);
			if (accepted == (expected ? 15 : 0) && !verify_word(15u << 28 | low, offset, end, pins)) {
				tally->tried += 16;
				tally->accepted += accepted;
				continue;
			}
			for (uint32_t condition = 0; condition < 16; condition++)
				compare(tally, expected && condition != 15,
					(struct quick_word){ condition << 28 | low, offset, end, pins });
		}
}

// Loads and stores through r8, for each set of pins.
static void
pin_words(struct tally *tally, unsigned part)
{
	uint32_t offset = MODULE_CODE, end = MODULE_CODE + 4;

	for (uint32_t pins = 1 + part; pins < 0x100; pins += PROCESSES)
		for (uint32_t i = 0; i < 1 << 21; i++) {
			uint32_t word = AL | 0x04080000 | i >> 16 << 20 | (i & 0xffff);

			compare(tally, masks_accept(word, offset, end, pins),
				(struct quick_word){ word, offset, end, pins });
		}
}

static void
branch_words(struct tally *tally, unsigned part)
{
	for (unsigned place = part; place < ARRAY_SIZE(places); place += PROCESSES)
		for (uint32_t i = 0; i < 1 << 25; i++) {
			struct quick_word q = { AL | 0x0a000000 | i, places[place].offset, places[place].end, 0 };

			compare(tally, masks_accept(q.word, q.offset, q.end, q.pins), q);
		}
}

static struct {
	struct tally tally[PROCESSES];
} *contexts;

static const char *const names[] = { "no pins", "pins 0xa5", "[r8], each set of pins", "branches, 6 places" };

static void
work(unsigned part)
{
	all_words(&contexts[0].tally[part], part, 0);
	all_words(&contexts[1].tally[part], part, PINS);
	pin_words(&contexts[2].tally[part], part);
	branch_words(&contexts[3].tally[part], part);
}

static void
print_wrong(struct quick_word q, bool says)
{
	struct reason reason = masks_reason(q.word);

	printf("  0x%08x at 0x%05x of 0x%05x, pins 0x%02x: verify_word() says %s, the table %s (%s%s%s)\n", q.word,
		q.offset, q.end, q.pins, says ? "yes" : "no", says ? "no" : "yes",
		reason.name == NULL ? "it has no such diagram" : reason.name,
		reason.needs == NULL || *reason.needs == 0 ? "" : ": ", reason.needs == NULL ? "" : reason.needs);
}

static unsigned told;

static void
tell(struct quick_word q, bool says)
{
	if (told++ < SHOWN)
		print_wrong(q, says);
}

static uint64_t
splitmix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static bool
total(unsigned context)
{
	struct tally sum = { 0, 0, 0, { { 0, 0, 0, 0 } } };

	for (unsigned part = 0; part < PROCESSES; part++) {
		sum.tried += contexts[context].tally[part].tried;
		sum.accepted += contexts[context].tally[part].accepted;
		sum.wrong += contexts[context].tally[part].wrong;
	}
	printf("%-24s%12" PRIu64 " words, %11" PRIu64 " accepted, %" PRIu64 " not as the table says\n", names[context],
		sum.tried, sum.accepted, sum.wrong);
	for (unsigned part = 0; part < PROCESSES; part++)
		for (unsigned i = 0; i < SHOWN && i < contexts[context].tally[part].wrong; i++) {
			struct quick_word q = contexts[context].tally[part].first[i];

			print_wrong(q, verify_word(q.word, q.offset, q.end, q.pins));
		}
	return sum.wrong == 0;
}

int
main(int argc, char **argv)
{
	bool good = true;

	if (!masks_init()) {
		fputs("forms.def: a diagram that is none\n", stderr);
		return 2;
	}
	if (argc == 3 && strcmp(argv[1], "--quick") == 0) {
		struct quick done = quick(strtoull(argv[2], NULL, 0), splitmix, tell);

		printf("%" PRIu32 " words, %" PRIu32 " accepted, %" PRIu32 " not as the table says\n", done.tried,
			done.accepted, done.wrong);
		return done.wrong != 0;
	}
	contexts = mmap(NULL, ARRAY_SIZE(names) * sizeof *contexts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		-1, 0);
	if (contexts == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	fflush(stdout);
	for (unsigned part = 1; part < PROCESSES; part++)
		switch (fork()) {
		case -1:
			perror("fork");
			return 2;
		case 0:
			work(part);
			_exit(0);
		}
	work(0);
	for (int status; wait(&status) > 0; )
		if (status != 0) {
			fputs("a process of the sweep ended early\n", stderr);
			return 2;
		}
	for (unsigned context = 0; context < ARRAY_SIZE(names); context++)
		good = total(context) && good;
	return good ? 0 : 1;
}
