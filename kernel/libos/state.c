// The table of what an application knows of its pages (libos/memory.h), in two forms: linear, a word for every page
// of a stretch that has any, found by indexing; and inverted, an entry for every page that is known, found by
// hashing. And how it begins: with what the kernel's own tables, which their owner may read, say is mapped.

#include <exo/error.h>
#include <exo/string.h>
#include <libos/memory.h>
#include <libos/sys.h>

#define RW (RIGHT_READ | RIGHT_WRITE)

extern char __pinned_start[], __pinned_end[];

pinned struct page_op batch[BATCH];
pinned uint32_t *state_pages[1024];
const struct state_table *state_table = &state_linear;

int
pages_do(uint32_t env, struct page_op *ops, uint32_t count)
{
	for (uint32_t done = 0; done < count; ) {
		int32_t n = sys_pages(env, ops + done, count - done, &SAVE->cap);

		if (n < 0)
			return n;
		done += n;
	}
	return 0;
}

static int
new_page(uint32_t va)
{
	struct page_op op = { PAGE_NEW, va, RW, PAGE_ANY, address(&SAVE->cap), 0 };

	return pages_do(ENV_SELF, &op, 1);
}

// A page of the table that has just been mapped: of its own kind of page, too.
static int
own_page(uint32_t va)
{
	int error = state_table->add(va);

	if (error == 0)
		*state_of(va) = STATE_PINNED | STATE_OF(0, RW);
	return error;
}

// Linear: the words of all pages would fill STATE_VA and the megabyte behind it; those of 4 MB are one page of it.
static uint32_t *
linear_find(uint32_t va)
{
	(void)va;
	return NULL;			// state_of() has looked
}

static int
linear_add(uint32_t va)
{
	uint32_t page = STATE_VA + (va >> 22) * PAGE_SIZE;
	int error;

	if (state_pages[va >> 22] != NULL)
		return 0;
	error = new_page(page);
	if (error < 0)
		return error;
	state_pages[va >> 22] = (uint32_t *)(uintptr_t)page;
	return own_page(page);
}

// Most words of a stretch are 0, and are passed over eight at a time.
static uint32_t *
behind_zeros(uint32_t *w, const uint32_t *end)
{
	while (w + 8 <= end && (w[0] | w[1] | w[2] | w[3] | w[4] | w[5] | w[6] | w[7]) == 0)
		w += 8;
	while (w < end && *w == 0)
		w++;
	return w;
}

static uint32_t *
linear_next(uint32_t *cursor, uint32_t *va)
{
	for (; *cursor < USER_TOP / PAGE_SIZE; *cursor = (*cursor | 1023) + 1) {
		uint32_t *words = state_pages[*cursor >> 10], *w;

		if (words == NULL)
			continue;
		w = behind_zeros(words + *cursor % 1024, words + 1024);
		if (w < words + 1024) {
			*cursor = (*cursor & ~1023) + (w - words);
			*va = (*cursor)++ * PAGE_SIZE;
			return w;
		}
	}
	return NULL;
}

const struct state_table state_linear = { linear_find, linear_add, linear_next };

// Inverted: open addressing; an entry whose word is 0 is free for another page, but ends no search.
#define ENTRIES 4096			// a power of two
#define entries ((struct entry *)STATE_VA)

struct entry {
	uint32_t va;		// 0: never used
	uint32_t state;
};

static pinned bool inverted;		// there is a table

static unsigned
hash(uint32_t va)
{
	return (va >> 12) * 2654435769u >> 20;
}

static uint32_t *
inverted_find(uint32_t va)
{
	va &= ~(PAGE_SIZE - 1);
	for (unsigned n = 0, i = hash(va); n < ENTRIES; n++, i = (i + 1) % ENTRIES) {
		if (entries[i].va == va)
			return &entries[i].state;
		if (entries[i].va == 0)
			break;
	}
	return NULL;
}

static int
inverted_begin(void)
{
	int error = 0;

	inverted = true;
	for (uint32_t at = 0; error == 0 && at < sizeof(struct entry[ENTRIES]); at += PAGE_SIZE)
		error = new_page(STATE_VA + at);
	for (uint32_t at = 0; error == 0 && at < sizeof(struct entry[ENTRIES]); at += PAGE_SIZE)
		error = own_page(STATE_VA + at);
	return error;
}

static int
inverted_add(uint32_t va)
{
	int error = inverted ? 0 : inverted_begin();

	va &= ~(PAGE_SIZE - 1);
	if (error < 0 || inverted_find(va) != NULL)
		return error;
	for (unsigned n = 0, i = hash(va); n < ENTRIES; n++, i = (i + 1) % ENTRIES)
		if (entries[i].state == 0) {
			entries[i].va = va;
			return 0;
		}
	return -E_NOMEM;
}

static uint32_t *
inverted_next(uint32_t *cursor, uint32_t *va)
{
	for (; *cursor < ENTRIES; ++*cursor)
		if (entries[*cursor].state != 0) {
			*va = entries[*cursor].va;
			return &entries[(*cursor)++].state;
		}
	return NULL;
}

const struct state_table state_inverted = { inverted_find, inverted_add, inverted_next };

// The page that `entry`, a second-level descriptor, maps at va.
static int
adopt(uint32_t va, uint32_t entry)
{
	uint32_t prot = RIGHT_READ | (entry & L2_AP2 ? 0 : RIGHT_WRITE) | (entry & L2_XN ? 0 : RIGHT_EXEC);
	int error = state_table->add(va);

	if (error < 0)
		return error;
	if (va >= address(__pinned_start) && va < address(__pinned_end))
		*state_of(va) = STATE_PINNED | STATE_OF(0, prot);
	else
		*state_of(va) = STATE_OF(entry & L2_PA, prot);
	return 0;
}

// A second-level page holds the words of four megabytes in a row.
int
state_adopt(void)
{
	const uint32_t *l1 = (const uint32_t *)TEMP_VA, *l2 = (const uint32_t *)(TEMP_VA + PAGE_SIZE);
	struct page_op first = { PAGE_TABLE, TEMP_VA, RIGHT_READ, USER_TOP, 0, 0 };
	int error = pages_do(ENV_SELF, &first, 1);

	for (uint32_t at = 0; error == 0 && at < L1_ENTRIES; at += 4) {
		struct page_op second = { PAGE_TABLE, TEMP_VA + PAGE_SIZE, RIGHT_READ, at * SECTION_SIZE, 0, 0 };

		while ((l1[second.pa / SECTION_SIZE] & L1_TYPE) != L1_TABLE && second.pa < (at + 4) * SECTION_SIZE)
			second.pa += SECTION_SIZE;
		if (second.pa == (at + 4) * SECTION_SIZE)
			continue;
		error = pages_do(ENV_SELF, &second, 1);
		for (uint32_t i = 0; error == 0 && i < 1024; i++) {
			uint32_t va = at * SECTION_SIZE + i * PAGE_SIZE;

			if ((l2[i] & L2_SMALL) && va != SAVE_VA && (va < LIBOS_VA || va >= TEMP_VA + 2 * PAGE_SIZE))
				error = adopt(va, l2[i]);
		}
		second.kind = PAGE_UNMAP;
		if (error == 0)
			error = pages_do(ENV_SELF, &second, 1);
	}
	first.kind = PAGE_UNMAP;
	return error < 0 ? error : pages_do(ENV_SELF, &first, 1);
}
