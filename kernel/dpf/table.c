// Tables that find the one of many values (exo/dpfcode.h): by the value itself where values lie close to one another,
// by a hash chosen for them where they do not. A slot is the address of code for the values that belong there, which
// compares. Values that come and go change their slot alone, as long as the table suits all of them.
//
// A block of a table: a branch to where one goes without a slot; load, slot, jump; the branch again; the slots.

#include <exo/params.h>
#include <exo/string.h>

#include "dpf.h"

#define BITS_MAX 14
#define CHAIN    2		// values in a slot that are well enough
#define TRIES    24
#define SMALL    16		// values of a table that has no block of its own
#define SPARSE   4		// slots for each value in a table that jumps

static struct dpf_node *heads[1 << BITS_MAX] DPF_LARGE;
static uint16_t lengths[1 << BITS_MAX] DPF_LARGE;
static struct dpf_node *lists[DPF_POOL] DPF_LARGE;	// of slots that are being made, one within the other
static uint32_t listed;

// The number that a value's key is in network order.
static uint32_t
number(const struct dpf_test *t, uint32_t value)
{
	return __builtin_bswap32(value >> t->table.shift) >> (32 - t->table.width);
}

// A value's slot; what is not below table.slots has none.
static uint32_t
slot(const struct dpf_test *t, uint32_t value)
{
	const struct dpf_table *table = &t->table;

	if (table->jump)
		return number(t, value) - table->first;
	return (value >> table->shift) * table->factor >> table->position & ((1u << table->bits) - 1);
}

// The most values in one slot, or some number above `enough`.
static uint32_t
longest(const struct dpf_test *t, uint32_t enough)
{
	uint32_t most = 0;

	memset(lengths, 0, t->table.slots * sizeof lengths[0]);
	for (const struct dpf_node *n = t->values; n != NULL && most <= enough; n = n->next) {
		uint32_t s = slot(t, n->value);

		if (++lengths[s] > most)
			most = lengths[s];
	}
	return most;
}

// Try a hash; true: it is good enough.
static bool
better(struct dpf_test *t, uint32_t factor, uint32_t position, struct dpf_table *best)
{
	uint32_t length, enough = t->count < 32 ? 1 : CHAIN;

	t->table.factor = factor;
	t->table.position = position;
	length = longest(t, best->longest);
	if (length < best->longest) {
		*best = t->table;
		best->longest = length;
	}
	return best->longest <= enough;
}

// Some bits of the value as they are, if that will do; else of its product with a factor.
static void
choose_hash(struct dpf_test *t)
{
	struct dpf_table best = { .longest = ~0u };
	uint32_t width = t->table.width, least = 4;
	uint64_t state = t->count;
	bool done = false;

	while (1u << least < 4 * t->count && least < BITS_MAX)
		least++;
	for (uint32_t bits = least; bits <= least + 2 && bits <= width && bits <= BITS_MAX && !done; bits++) {
		t->table.bits = bits;
		t->table.slots = 1u << bits;
		for (uint32_t at = 0; at + bits <= width && !done; at++)
			done = better(t, 1, at, &best);
	}
	t->table.bits = least;
	t->table.slots = 1u << least;
	for (unsigned n = 0; n < TRIES && !done; n++)
		done = better(t, (random64(&state) & 0xffff) | 1, (width == 32 ? 32 : 16) - least, &best);
	t->table = best;
	t->table.longest = best.longest > CHAIN ? best.longest : CHAIN;
}

// From low to high, and some more that may come, such that both ends fit into an instruction.
static void
choose_range(struct dpf_table *table, uint32_t low, uint32_t high)
{
	uint32_t spare = (high - low) / 2 + 16, least = low > spare / 4 ? low - spare / 4 : 0;

	while (a32_imm(low) == ~0u && low > least)
		low--;
	for (table->slots = high + spare / 2 - low; a32_imm(table->slots) == ~0u;)
		table->slots++;
	table->first = low;
}

static void
choose(struct dpf_test *t)
{
	uint32_t low = ~0u, high = 0;

	t->table = (struct dpf_table){ .shift = 8 * dpf_first(&t->cell), .width = 8 * dpf_width(&t->cell) };
	for (const struct dpf_node *n = t->values; n != NULL; n = n->next) {
		uint32_t v = number(t, n->value);

		low = v < low ? v : low;
		high = v > high ? v : high;
	}
	t->table.jump = (high - low) / SPARSE < t->count;
	if (t->table.jump)
		choose_range(&t->table, low, high);
	else
		choose_hash(t);
}

// From r2, which has not been loaded yet, to a slot's code; the slots come next.
static void
look_up(const struct dpf_test *t, dpf_label fail)
{
	dpf_load(&t->cell);
	dpf_slot(&t->cell, &t->table);
	dpf_emit(a32_when(t->table.jump ? LO : AL, a32_jump(DPF_SCRATCH)));
	dpf_branch(AL, fail);
}

// The table without what its slots lead to.
static void
make_block(const struct dpf_code *c, struct dpf_test *t)
{
	struct dpf_code own = *c;
	struct dpf_begun outer;
	uint32_t before;

	dpf_begin(&outer);
	own.fail = dpf_new_label();
	dpf_place(own.fail);
	dpf_emit(a32_branch(AL, 8));
	look_up(t, own.fail);
	before = dpf_made(&outer);
	for (uint32_t n = 0; n < t->table.slots; n++)
		dpf_emit(0);
	t->block = dpf_end(&outer);
	t->table.at = t->block + 4 * before;
	t->context = c->context;
}

static void
drop_slot(const struct dpf_test *t, uint32_t at)
{
	uint32_t old = dpf_word(at);

	if (old != 0 && old != t->block)
		dpf_drop_block(&old);
}

// The code of one slot, from the nodes that belong there.
static void
slot_code(const struct dpf_code *c, const struct dpf_test *t, struct dpf_node *const *nodes, uint32_t count)
{
	if (t->table.jump)
		dpf_node(c, nodes[0]);
	else
		dpf_among(c, &t->cell, nodes, count);
}

static void
make_slot(const struct dpf_code *c, struct dpf_test *t, uint32_t s, struct dpf_node *const *nodes, uint32_t count)
{
	struct dpf_code own = *c;
	struct dpf_begun outer;

	dpf_begin(&outer);
	own.fail = dpf_address(t->block);
	slot_code(&own, t, nodes, count);
	dpf_write(t->table.at + 4 * s, dpf_end(&outer));
}

// Whether the table is fit for the values that there are now, slots with too many of them apart.
static bool
fits(const struct dpf_test *t)
{
	const struct dpf_table *table = &t->table;

	if (!table->jump)
		return 2 * t->count <= table->slots && table->slots <= 32 * t->count;
	for (const struct dpf_node *n = t->values; n != NULL; n = n->next)
		if (n->changed && slot(t, n->value) >= table->slots)
			return false;
	return table->slots / (4 * SPARSE) <= t->count;
}

void
dpf_drop_table(struct dpf_test *t)
{
	if (t->block == 0)
		return;
	for (uint32_t n = 0; n < t->table.slots; n++)
		drop_slot(t, t->table.at + 4 * n);
	dpf_drop_block(&t->block);
}

// What is to be made of a slot from now on: nothing, until it has been made.
static void
clear_slot(const struct dpf_test *t, uint32_t s)
{
	drop_slot(t, t->table.at + 4 * s);
	dpf_write(t->table.at + 4 * s, t->block);
}

// Put the nodes of all slots into the list, slot by slot, in ascending order.
static void
gather_all(struct dpf_test *t)
{
	memset(heads, 0, t->table.slots * sizeof heads[0]);
	for (struct dpf_node *n = t->values; n != NULL; n = n->next) {
		uint32_t s = slot(t, n->value);

		n->chain = heads[s];
		heads[s] = n;
	}
	for (uint32_t s = 0; s < t->table.slots; s++) {
		uint32_t count = 0;

		for (const struct dpf_node *n = heads[s]; n != NULL; n = n->chain)
			count++;
		listed += count;
		for (struct dpf_node *n = heads[s], **at = &lists[listed]; n != NULL; n = n->chain)
			*--at = n;
	}
}

// The same for one slot. False: it has become too many.
static bool
gather(struct dpf_test *t, uint32_t s)
{
	uint32_t begin = listed;

	clear_slot(t, s);
	for (struct dpf_node *n = t->values; n != NULL; n = n->next)
		if (slot(t, n->value) == s)
			lists[listed++] = n;
	return t->table.jump || listed - begin <= t->table.longest;
}

// The same for the slots in which something has changed.
static bool
gather_changed(struct dpf_test *t)
{
	uint32_t lost = t->lost ? slot(t, t->lost_value) : ~0u;
	bool good = true;

	for (const struct dpf_node *n = t->values; n != NULL && good; n = n->next)
		if (n->changed) {
			good = gather(t, slot(t, n->value));
			if (slot(t, n->value) == lost)
				lost = ~0u;
		}
	return good && (lost >= t->table.slots || gather(t, lost));
}

// How many of the list from i on belong to one slot.
static uint32_t
run(const struct dpf_test *t, uint32_t i, uint32_t end)
{
	uint32_t count = 1;

	while (i + count < end && slot(t, lists[i + count]->value) == slot(t, lists[i]->value))
		count++;
	return count;
}

// A table in the midst of the block that is being made.
static void
small_table(const struct dpf_code *c, struct dpf_test *t)
{
	uint32_t begin = listed, end;
	dpf_label to;

	dpf_drop_table(t);
	choose(t);
	gather_all(t);
	end = listed;
	look_up(t, c->fail);
	to = dpf_new_labels(end - begin);
	for (uint32_t s = 0, i = begin; s < t->table.slots; s++) {
		bool here = i < end && slot(t, lists[i]->value) == s;

		dpf_where(here ? to + i - begin : c->fail);
		i += here ? run(t, i, end) : 0;
	}
	for (uint32_t i = begin, count; i < end; i += count) {
		count = run(t, i, end);
		dpf_place(to + i - begin);
		slot_code(c, t, &lists[i], count);
	}
	listed = begin;
}

void
dpf_by_table(const struct dpf_code *c, struct dpf_test *t)
{
	bool all = t->block == 0 || memcmp(&t->context, &c->context, sizeof t->context) != 0 || !fits(t);
	uint32_t begin = listed, end;

	if (t->count <= SMALL) {
		small_table(c, t);
		return;
	}
	if (!all && !gather_changed(t)) {
		listed = begin;
		all = true;
	}
	if (all) {
		dpf_drop_table(t);
		choose(t);
		make_block(c, t);
		gather_all(t);
		for (uint32_t s = 0; s < t->table.slots && t->block != 0; s++)
			dpf_write(t->table.at + 4 * s, t->block);
	}
	t->round = dpf_round;
	t->lost = false;
	end = listed;
	for (uint32_t i = begin, count; i < end && !dpf_full; i += count) {
		count = run(t, i, end);
		make_slot(c, t, slot(t, lists[i]->value), &lists[i], count);
	}
	listed = begin;
	dpf_leads_to(t->block, c->fail);
	dpf_moved(t->from);
	dpf_branch(AL, dpf_address(t->block + 4));
}
