// What the run's input says is done with filters, and frames: inserted, deleted, classified. What each came to is in
// `results`. A frame ends where memory ends: behind the word that its last byte lies in nothing is mapped. One in eight
// begins where memory begins. Where it is read it cannot be written.

#include <exo/aspace.h>
#include <exo/board.h>
#include <exo/check.h>
#include <exo/dpf.h>
#include <exo/kmap.h>
#include <exo/string.h>

#define ROOM 0x40000

#define WINDOW 41
#define PAGES  17
#define FIRST  8			// pages of the window where the same memory lies: once from here on,
#define LAST   (L2_ENTRIES - PAGES)	// and once up to the window's end

enum { INSERT = 1, DELETE, CLASSIFY, FAMILY, LENGTHS, USE, FILLED, CLEAR };

uint32_t results[ROOM], result_count;

uint32_t ask(const uint8_t *frame, uint32_t size, dpf_classifier *f);	// filters.S

static uint8_t pages[PAGES * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct dpf_filter filter;
static struct guard guard;
static struct cap cap;

static void
say(uint32_t word)
{
	if (result_count < ROOM)
		results[result_count++] = word;
}

// owner, guard's name, whether there is a capability, its name, endpoint, count, items
static const uint32_t *
read_filter(const uint32_t *at, uint32_t *owner, bool *has_cap)
{
	*owner = at[0];
	memcpy(guard.name, &at[1], CAP_NAME);
	guard.epoch = 0;
	*has_cap = at[3];
	cap_mint(&cap, (const uint8_t *)&at[4], RIGHT_ALL, cap_now());
	filter.endpoint = at[6];
	filter.count = at[7];
	at += 8;
	for (uint32_t n = 0; n < filter.count; n++, at += sizeof filter.items[0] / 4)
		if (n < DPF_ITEMS)
			memcpy(&filter.items[n], at, sizeof filter.items[0]);
	return at;
}

static void
map(void)
{
	for (uint32_t n = 0; n < PAGES; n++)
		for (uint32_t i = 0; i < 2; i++)
			alias_map(WINDOW, (i == 0 ? FIRST : LAST) + n, v2p(pages) + n * PAGE_SIZE, RIGHT_READ);
}

// Whether the next frame begins where memory begins.
static bool
first(void)
{
	return result_count % 8 == 0;
}

// The bytes that a frame of that size has, and what is left of its last word.
static uint32_t
room(uint32_t size)
{
	return (size + 2 + 3) / 4 * 4 - 2;
}

static uint8_t *
place(uint32_t size)
{
	return first() ? pages + 2 : pages + sizeof pages - room(size);
}

static void
say_whose(uint32_t size)
{
	const uint8_t *window = (uint8_t *)alias_address(WINDOW) + (first() ? FIRST : LAST) * PAGE_SIZE;

	say(ask(window + (place(size) - pages), size, dpf_classify));
}

// size, bytes; those that come next lie behind the frame, in what is left of its last word
static const uint32_t *
classify(const uint32_t *at, bool every_length)
{
	uint32_t size = at[0];

	for (uint32_t n = every_length ? 0 : size; n <= size; n++) {
		memcpy(place(n), &at[1], room(n));
		say_whose(n);
	}
	return at + 1 + (size + 5) / 4;
}

void
check_main(void)
{
	const uint32_t *at = (const uint32_t *)params()->input, *end = at + params()->input_size / 4;
	struct dpf_use use;
	uint32_t owner, item, values;
	bool has_cap;

	map();
	while (at < end) {
		switch (*at++) {
		case INSERT:
			at = read_filter(at, &owner, &has_cap);
			say(dpf_insert(&filter, owner, &guard, has_cap ? &cap : NULL));
			break;
		case FAMILY:		// item, how many, a filter, and that item's values
			item = at[0], values = at[1];
			at = read_filter(at + 2, &owner, &has_cap);
			while (values-- > 0) {
				filter.items[item].value = *at++;
				say(dpf_insert(&filter, owner, &guard, has_cap ? &cap : NULL));
			}
			break;
		case DELETE:
			say(dpf_delete(at[0], at[1]));
			at += 2;
			break;
		case CLASSIFY:
			at = classify(at, false);
			break;
		case LENGTHS:
			at = classify(at, true);
			break;
		case FILLED:		// size, byte
			memset(place(at[0]), at[1], room(at[0]));
			say_whose(at[0]);
			at += 2;
			break;
		case CLEAR:		// first id, how many, owner
			for (uint32_t n = 0; n < at[1]; n++)
				say(dpf_delete(at[0] + n, at[2]));
			at += 3;
			break;
		case USE:
			use = dpf_use();
			say(use.filters);
			say(use.nodes);
			say(use.tests);
			say(use.words);
			break;
		}
	}
	report("results %u", result_count);
}
