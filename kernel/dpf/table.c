// Tables that find the one of many values (exo/dpfcode.h): by the value itself where values lie close to one another, by a hash
// chosen for them where they do not. A slot is the address of code for the values that belong there, which compares.
// Values that come and go change their slot alone, as long as the table suits all of them.
//
// A block of a table: a branch to where one goes without a slot; load, slot, jump; the branch again; the slots.

#include <exo/params.h>
#include <exo/string.h>

#include "dpf.h"

#define BITS_MAX 14
#define CHAIN    2		// values in a slot that are well enough
#define TRIES    24
#define SPARSE   4		// slots for each value in a table that jumps

static struct dpf_node *heads[1 << BITS_MAX];
static uint16_t lengths[1 << BITS_MAX];
static struct dpf_node *lists[DPF_POOL];	// of slots that are being made, one within the other
static uint32_t listed;

// The number that the bytes of a key are in network order.
static uint32_t
number(const struct dpf_cell *cell, uint32_t key)
{
	return __builtin_bswap32(key) >> (32 - 8 * dpf_width(cell));
}

// Its slot; what is not below table.slots has none.
static uint32_t
slot(const struct dpf_test *t, uint32_t value)
{
	const struct dpf_table *table = &t->table;
	uint32_t key = dpf_key(&t->cell, value);

	if (table->jump)
		return number(&t->cell, key) - table->first;
	return key * table->factor >> table->position & ((1u << table->bits) - 1);
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

static void
choose_hash(struct dpf_test *t)
{
	struct dpf_table best = { 0 };
	uint64_t state = t->count;
	uint32_t shortest = ~0u;

	t->table.bits = 4;
	while (1u << t->table.bits < 4 * t->count && t->table.bits < BITS_MAX)
		t->table.bits++;
	t->table.slots = 1u << t->table.bits;
	for (unsigned n = 0; n < TRIES && shortest > (t->count < 32 ? 1 : CHAIN); n++) {
		uint32_t length;

		t->table.factor = (random64(&state) & 0xffff) | 1;
		t->table.position = (dpf_width(&t->cell) == 4 ? 32 : 16) - t->table.bits;
		length = longest(t, shortest);
		if (length < shortest) {
			shortest = length;
			best = t->table;
			best.longest = length > CHAIN ? length : CHAIN;
		}
	}
	t->table = best;
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

	for (const struct dpf_node *n = t->values; n != NULL; n = n->next) {
		uint32_t v = number(&t->cell, dpf_key(&t->cell, n->value));

		low = v < low ? v : low;
		high = v > high ? v : high;
	}
	t->table = (struct dpf_table){ .jump = (high - low) / SPARSE < t->count };
	if (t->table.jump)
		choose_range(&t->table, low, high);
	else
		choose_hash(t);
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
	dpf_load(&t->cell);
	dpf_slot(&t->cell, &t->table);
	dpf_emit(a32_when(t->table.jump ? LO : AL, a32_jump(DPF_SCRATCH)));
	dpf_branch(AL, own.fail);
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
make_slot(const struct dpf_code *c, struct dpf_test *t, uint32_t s, struct dpf_node *const *nodes, uint32_t count)
{
	struct dpf_code own = *c;
	struct dpf_begun outer;

	dpf_begin(&outer);
	own.fail = dpf_address(t->block);
	if (t->table.jump)
		dpf_node(&own, nodes[0]);
	else
		dpf_among(&own, &t->cell, nodes, count);
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

		clear_slot(t, s);
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

void
dpf_by_table(const struct dpf_code *c, struct dpf_test *t)
{
	bool all = t->block == 0 || memcmp(&t->context, &c->context, sizeof t->context) != 0 || !fits(t);
	uint32_t begin = listed, end;

	if (!all && !gather_changed(t)) {
		listed = begin;
		all = true;
	}
	if (all) {
		dpf_drop_table(t);
		choose(t);
		make_block(c, t);
		if (t->block != 0)
			gather_all(t);
	}
	t->round = dpf_round;
	t->lost = false;
	end = listed;
	for (uint32_t i = begin, count; i < end && !dpf_full; i += count) {
		uint32_t s = slot(t, lists[i]->value);

		for (count = 1; i + count < end && slot(t, lists[i + count]->value) == s; count++)
			;
		make_slot(c, t, s, &lists[i], count);
	}
	listed = begin;
	dpf_leads_to(t->block, c->fail);
	dpf_branch(AL, dpf_address(t->block + 4));
}
