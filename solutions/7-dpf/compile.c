// The compiler of packet filters (exo/dpfcode.h): what code there is for a node of the trie, and for a test.

#include <exo/dpfcode.h>
#include <exo/todo.h>

// BEGIN SOLUTION 7.3
#define TOGETHER 4	// comparisons before a branch

// From there on every comparison since the last branch has held.
static void
settle(struct dpf_code *c)
{
	if (c->pending > 0)
		dpf_branch(NE, c->fail);
	c->pending = 0;
}

// Compare a register with a constant.
static void
compare(enum a32_cond cond, unsigned rn, uint32_t value)
{
	if (a32_imm(value) != ~0u) {
		dpf_emit(a32_when(cond, a32_dp_imm(CMP, true, 0, rn, a32_imm(value))));
	} else {
		dpf_constant(DPF_SCRATCH, value);
		dpf_emit(a32_when(cond, a32_dp_reg(CMP, true, 0, rn, DPF_SCRATCH)));
	}
}

// From there on the frame has so many bytes behind the base of a level.
static void
bounds(struct dpf_code *c, unsigned level, uint32_t need)
{
	if (c->context.checked[level] >= need)
		return;
	settle(c);
	c->context.checked[level] = need;
	if (level == 0) {
		compare(AL, 1, need);
		dpf_branch(LO, c->fail);
		return;
	}
	dpf_emit(a32_dp_reg(SUB, false, DPF_KEY, dpf_base(level), 0));
	dpf_emit(a32_dp_reg(SUB, false, DPF_KEY, 1, DPF_KEY));
	compare(AL, DPF_KEY, need);
	dpf_branch(LT, c->fail);
}

// The base of the next level, and the bounds of what is read there.
static void
move(struct dpf_code *c, const struct dpf_cell *cell, uint32_t need)
{
	unsigned base = dpf_base(cell->level), next = dpf_base(cell->level + 1);

	dpf_field(base, cell->at, cell->bytes);
	if (a32_imm(cell->mask) != ~0u) {
		dpf_emit(a32_dp_imm(AND, false, DPF_KEY, DPF_KEY, a32_imm(cell->mask)));
	} else {
		dpf_constant(DPF_SCRATCH, cell->mask);
		dpf_emit(a32_dp_reg(AND, false, DPF_KEY, DPF_KEY, DPF_SCRATCH));
	}
	dpf_emit(a32_dp_shift(ADD, false, next, base, DPF_KEY, LSL, cell->shift));
	c->level = cell->level + 1;
	c->context.checked[c->level] = 0;
	if (cell->level > 0) {
		bounds(c, c->level, need);
		return;
	}
	c->context.checked[c->level] = need;
	dpf_emit(a32_dp_shift(SUB, false, DPF_KEY, 1, DPF_KEY, LSL, cell->shift));
	compare(AL, DPF_KEY, need);
	dpf_branch(LT, c->fail);
}

// Which bytes of its unit a cell looks at: from the first on, 1, 2 or 4 that are aligned.
static unsigned
first_byte(const struct dpf_cell *cell)
{
	unsigned low = __builtin_ctz(cell->mask) / 8, high = (31 - __builtin_clz(cell->mask)) / 8;

	return low == high ? low : low / 2 == high / 2 ? low & ~1u : 0;
}

unsigned
dpf_width(const struct dpf_cell *cell)
{
	unsigned low = __builtin_ctz(cell->mask) / 8, high = (31 - __builtin_clz(cell->mask)) / 8;

	return low == high ? 1 : low / 2 == high / 2 ? 2 : 4;
}

uint32_t
dpf_key(const struct dpf_cell *cell, uint32_t value)
{
	return value >> 8 * first_byte(cell);
}

static void
load(const struct dpf_cell *cell)
{
	unsigned base = dpf_base(cell->level), bytes = dpf_width(cell);
	uint32_t at = cell->at + first_byte(cell);

	if (at < (bytes == 2 ? 256 : 4096)) {
		dpf_emit(a32_memory(true, bytes, DPF_KEY, base, at));
	} else {
		dpf_emit(a32_movw(DPF_KEY, at));
		dpf_emit(a32_memory_reg(true, bytes, DPF_KEY, base, DPF_KEY));
	}
}

// r2 under the mask, with or without flags.
static void
mask(const struct dpf_cell *cell, enum a32_cond cond, bool flags)
{
	uint32_t m = dpf_key(cell, cell->mask), all = ~0u >> (32 - 8 * dpf_width(cell));

	if (a32_imm(m) != ~0u) {
		dpf_emit(a32_when(cond, a32_dp_imm(AND, flags, DPF_KEY, DPF_KEY, a32_imm(m))));
	} else if (a32_imm(all & ~m) != ~0u) {
		dpf_emit(a32_when(cond, a32_dp_imm(BIC, flags, DPF_KEY, DPF_KEY, a32_imm(all & ~m))));
	} else {
		dpf_constant(DPF_SCRATCH, m);
		dpf_emit(a32_when(cond, a32_dp_reg(AND, flags, DPF_KEY, DPF_KEY, DPF_SCRATCH)));
	}
}

static bool
has_mask(const struct dpf_cell *cell)
{
	return dpf_key(cell, cell->mask) != ~0u >> (32 - 8 * dpf_width(cell));
}

void
dpf_load(const struct dpf_cell *cell)
{
	load(cell);
	if (has_mask(cell))
		mask(cell, AL, false);
}

// A test with one value: compare, and go on together with what has been compared before.
static void
single(struct dpf_code *c, const struct dpf_cell *cell, uint32_t key)
{
	if (c->pending == TOGETHER)
		settle(c);
	load(cell);
	if (has_mask(cell))
		mask(cell, key == 0 && c->pending > 0 ? EQ : AL, key == 0);
	if (key != 0 || !has_mask(cell))
		compare(c->pending > 0 ? EQ : AL, DPF_KEY, key);
	c->pending++;
}

// A filter ends here.
static void
found(struct dpf_code *c, const struct dpf_node *n)
{
	for (unsigned level = 0; level <= c->level; level++)
		bounds(c, level, n->need[level]);
	if (!dpf_general) {
		enum a32_cond cond = c->pending > 0 ? EQ : AL;

		dpf_emit(a32_when(cond, a32_movw(0, n->id)));
		dpf_emit(a32_when(cond, a32_bx(A32_LR)));
		if (cond == EQ)
			dpf_branch(AL, c->fail);
		return;
	}
	settle(c);
	dpf_constant(DPF_SCRATCH, (uint32_t)n->bits << 16 | n->id);
	dpf_emit(a32_dp_reg(CMP, true, 0, DPF_BEST, DPF_SCRATCH));
	dpf_emit(a32_when(LO, a32_dp_reg(MOV, false, DPF_BEST, 0, DPF_SCRATCH)));
	dpf_branch(AL, n->bits >= c->context.later ? dpf_return() : c->fail);
}
// END SOLUTION

// BEGIN SOLUTION 7.4
#define DIRECT 2	// values that are compared one after the other,
#define BINARY 8	// and by halves

void
dpf_slot(const struct dpf_cell *cell, const struct dpf_table *table)
{
	if (!table->jump) {
		dpf_constant(DPF_SCRATCH, table->factor);
		dpf_emit(a32_mul(DPF_SCRATCH, DPF_KEY, DPF_SCRATCH));
		dpf_emit(a32_ubfx(DPF_SCRATCH, DPF_SCRATCH, table->position, table->bits));
		return;
	}
	if (dpf_width(cell) > 1)
		dpf_emit(a32_rev(8 * dpf_width(cell), DPF_KEY, DPF_KEY));
	if (a32_imm(table->first) != ~0u) {
		dpf_emit(a32_dp_imm(SUB, false, DPF_SCRATCH, DPF_KEY, a32_imm(table->first)));
	} else {
		dpf_constant(DPF_SCRATCH, table->first);
		dpf_emit(a32_dp_reg(SUB, false, DPF_SCRATCH, DPF_KEY, DPF_SCRATCH));
	}
	if (a32_imm(table->slots) != ~0u) {
		dpf_emit(a32_dp_imm(CMP, true, 0, DPF_SCRATCH, a32_imm(table->slots)));
	} else {
		dpf_constant(DPF_KEY, table->slots);
		dpf_emit(a32_dp_reg(CMP, true, 0, DPF_SCRATCH, DPF_KEY));
	}
}

// Go to the label of the node whose value r2 is, or to `miss`: of nodes in ascending order.
static void
search(const struct dpf_cell *cell, struct dpf_node *const *nodes, dpf_label to, uint32_t count, dpf_label miss)
{
	uint32_t half = count / 2;
	dpf_label upper;

	if (count <= DIRECT) {
		for (uint32_t n = 0; n < count; n++) {
			compare(AL, DPF_KEY, dpf_key(cell, nodes[n]->value));
			dpf_branch(EQ, to + n);
		}
		dpf_branch(AL, miss);
		return;
	}
	upper = dpf_new_label();
	compare(AL, DPF_KEY, dpf_key(cell, nodes[half]->value));
	dpf_branch(EQ, to + half);
	dpf_branch(HI, upper);
	search(cell, nodes, to, half, miss);
	dpf_place(upper);
	search(cell, nodes + half + 1, to + half + 1, count - half - 1, miss);
}

void
dpf_compare(const struct dpf_code *c, const struct dpf_cell *cell, struct dpf_node *const *nodes, uint32_t count)
{
	struct dpf_code way = *c;
	dpf_label first;

	if (count == 1) {
		compare(AL, DPF_KEY, dpf_key(cell, nodes[0]->value));
		way.pending = 1;
		dpf_node(&way, nodes[0]);
		return;
	}
	first = dpf_new_labels(count);
	search(cell, nodes, first, count, c->fail);
	for (uint32_t n = 0; n < count; n++) {
		dpf_place(first + n);
		dpf_behind(c, nodes[n]);
	}
}
// END SOLUTION

// BEGIN SOLUTION 7.5
static void
values(struct dpf_code *c, struct dpf_test *t)
{
	struct dpf_node *nodes[BINARY], *n = t->values;

	settle(c);
	if (t->count > BINARY) {
		dpf_by_table(c, t);
		return;
	}
	for (uint32_t i = 0; i < t->count; i++, n = n->next)
		nodes[i] = n;
	dpf_load(&t->cell);
	dpf_compare(c, &t->cell, nodes, t->count);
}

// The code of a test, and of what is behind it.
static void
test(struct dpf_code *c, struct dpf_test *t)
{
	unsigned level = t->cell.level;

	bounds(c, level, t->sum.need[level]);
	if (t->cell.kind == DPF_MOVE) {
		settle(c);
		move(c, &t->cell, t->sum.need[level + 1]);
		dpf_node(c, t->values);
	} else if (t->count == 1) {
		single(c, &t->cell, dpf_key(&t->cell, t->values->value));
		dpf_node(c, t->values);
	} else {
		values(c, t);
	}
}

void
dpf_node(const struct dpf_code *c, const struct dpf_node *n)
{
	struct dpf_code way = *c;

	if (n->tests == NULL && n->id == 0) {	// the root of no filters
		dpf_branch(AL, c->fail);
		return;
	}
	if (n->tests != NULL && (n->tests->next != NULL || n->id != 0))
		settle(&way);
	for (struct dpf_test *t = n->tests; t != NULL; t = t->next) {
		struct dpf_code one = way;
		bool last = t->next == NULL && n->id == 0;
		uint32_t more = t->next != NULL ? t->next->sum.most : n->id != 0 ? n->bits : 0;

		if (more > one.context.later)
			one.context.later = more;
		if (!last)
			one.fail = dpf_new_label();
		test(&one, t);
		if (!last)
			dpf_place(one.fail);
	}
	if (n->id != 0)
		found(&way, n);
}
// END SOLUTION
