// Where the code of packet filters is made, and where it lies (exo/dpfcode.h). A block is made in a scratch area,
// others within it first, and moved to the space for code when it is complete, its branches and addresses settled.
// The space is a window of exo/kmap.h: executed there, never written; written at its place in RAM.

#include <exo/arm.h>
#include <exo/aspace.h>
#include <exo/board.h>
#include <exo/kmap.h>
#include <exo/string.h>

#include "dpf.h"

#define CACHE_LINE 32
#define UNPLACED   0xffffffffu
#define END        0xffffffffu
#define LABELS     (128 * 1024)
#define DROPS      (4 * DPF_POOL)

static uint32_t space[DPF_WORDS] __attribute__((aligned(PAGE_SIZE), section(".far")));

// Free stretches of the space, in order: each begins with its words, and where the next one is.
static uint32_t first_free, used;

static uint32_t scratch[DPF_WORDS] DPF_LARGE, words;
static uint32_t labels[LABELS] DPF_LARGE, label_count;	// an index into scratch, or an address
static uint32_t fixup_count;
static struct fixup {
	uint32_t at;				// a branch in scratch; or a word in the space, by its address
	dpf_label to;
} fixups[LABELS] DPF_LARGE;
static uint32_t drops[DROPS] DPF_LARGE, drop_count;

bool dpf_full;

static uint32_t
address_of(uint32_t word)
{
	return (uintptr_t)alias_address(DPF_WINDOW) + 4 * word;
}

static uint32_t
word_of(uint32_t address)
{
	return (address - (uintptr_t)alias_address(DPF_WINDOW)) / 4;
}

static bool
is_address(uint32_t label)
{
	return label >= ALIAS_BASE;
}

// Nothing is mapped before the first filter comes.
void
dpf_code_reset(void)
{
	static bool mapped;

	for (unsigned page = 0; page < DPF_WORDS * 4 / PAGE_SIZE && !mapped; page++)
		alias_map(DPF_WINDOW, page, v2p(space) + page * PAGE_SIZE, RIGHT_READ | RIGHT_EXEC);
	mapped = true;
	first_free = 0;
	space[0] = DPF_WORDS;
	space[1] = END;
	used = words = label_count = fixup_count = drop_count = 0;
	dpf_full = false;
}

uint32_t
dpf_words(void)
{
	return used;
}

// Room for so many words, behind one that says how many; END: there is none.
static uint32_t
allocate(uint32_t n)
{
	n = (n + 2) / 2 * 2;
	for (uint32_t *at = &first_free; *at != END; at = &space[*at + 1]) {
		uint32_t here = *at, rest = space[here] - n;

		if (space[here] < n)
			continue;
		*at = space[here + 1];
		if (rest > 0) {
			space[here + n] = rest;
			space[here + n + 1] = *at;
			*at = here + n;
		}
		space[here] = n;
		used += n;
		return here + 1;
	}
	return END;
}

static void
release(uint32_t here)
{
	uint32_t *at = &first_free, before = END;

	used -= space[here];
	while (*at != END && *at < here) {
		before = *at;
		at = &space[*at + 1];
	}
	space[here + 1] = *at;
	*at = here;
	if (space[here + 1] == here + space[here]) {
		space[here] += space[space[here + 1]];
		space[here + 1] = space[space[here + 1] + 1];
	}
	if (before != END && before + space[before] == here) {
		space[before] += space[here];
		space[before + 1] = space[here + 1];
	}
}

void
dpf_drop_block(uint32_t *block)
{
	if (drop_count == DROPS)
		dpf_full = true;
	else if (*block != 0)
		drops[drop_count++] = *block;
	*block = 0;
}

void
dpf_commit(void)
{
	dsb();
	iciallu(0);
	bpiall(0);
	dsb();
	isb();
	while (drop_count > 0)
		release(word_of(drops[--drop_count]) - 1);
}

uint32_t
dpf_word(uint32_t address)
{
	return space[word_of(address)];
}

void
dpf_write(uint32_t address, uint32_t word)
{
	uint32_t *at = &space[word_of(address)];

	*at = word;
	dccmvau((uintptr_t)at);
}

void
dpf_emit(uint32_t word)
{
	if (words == DPF_WORDS)
		dpf_full = true;
	else
		scratch[words++] = word;
}

dpf_label
dpf_new_label(void)
{
	return dpf_address(UNPLACED);
}

dpf_label
dpf_new_labels(uint32_t count)
{
	dpf_label first = dpf_new_label();

	while (--count > 0)
		dpf_new_label();
	return first;
}

dpf_label
dpf_address(uint32_t address)
{
	if (label_count == LABELS) {
		dpf_full = true;
		return LABELS - 1;
	}
	labels[label_count] = address;
	return label_count++;
}

void
dpf_place(dpf_label label)
{
	labels[label] = words;
}

static void
fix(uint32_t at, dpf_label to)
{
	if (fixup_count == LABELS)
		dpf_full = true;
	else
		fixups[fixup_count++] = (struct fixup){ at, to };
}

void
dpf_branch(enum a32_cond cond, dpf_label to)
{
	fix(words, to);
	dpf_emit(a32_branch(cond, 8));
}

void
dpf_where(dpf_label to)
{
	fix(words, to);
	dpf_emit(0);
}

void
dpf_leads_to(uint32_t stub, dpf_label to)
{
	fix(stub, to);
}

void
dpf_begin(struct dpf_begun *outer)
{
	*outer = (struct dpf_begun){ words, label_count, fixup_count };
}

uint32_t
dpf_made(const struct dpf_begun *outer)
{
	return words - outer->words;
}

static void
settle(uint32_t start, uint32_t at, const struct fixup *f)
{
	uint32_t to = labels[f->to];

	if (!is_address(to))
		to = address_of(at + to - start);
	if (is_address(f->at))
		dpf_write(f->at, a32_branch(AL, to - f->at));
	else if (scratch[f->at] == 0)
		scratch[f->at] = to;
	else
		scratch[f->at] = (scratch[f->at] & 0xff000000) | (a32_branch(AL, to - address_of(at + f->at - start)) & 0xffffff);
}

uint32_t
dpf_end(const struct dpf_begun *outer)
{
	uint32_t size = words - outer->words, at = dpf_full ? END : allocate(size);

	if (at == END) {
		dpf_full = true;
	} else {
		for (uint32_t n = outer->fixups; n < fixup_count; n++)
			settle(outer->words, at, &fixups[n]);
		memcpy(&space[at], &scratch[outer->words], 4 * size);
		for (uint32_t n = 0; n < size; n += CACHE_LINE / 4)
			dccmvau((uintptr_t)&space[at + n]);
		dccmvau((uintptr_t)&space[at + size - 1]);
	}
	words = outer->words;
	label_count = outer->labels;
	fixup_count = outer->fixups;
	return at == END ? 0 : address_of(at);
}

void
dpf_constant(unsigned rd, uint32_t value)
{
	if (a32_imm(value) != ~0u) {
		dpf_emit(a32_dp_imm(MOV, false, rd, 0, a32_imm(value)));
	} else if (a32_imm(~value) != ~0u) {
		dpf_emit(a32_dp_imm(MVN, false, rd, 0, a32_imm(~value)));
	} else {
		dpf_emit(a32_movw(rd, value));
		if (value >> 16 != 0)
			dpf_emit(a32_movt(rd, value));
	}
}
