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

// From there on the frame has so many bytes behind the base of a level.
static void
bounds(struct dpf_code *c, unsigned level, uint32_t need)
{
	if (c->context.checked[level] >= need)
		return;
	settle(c);
	c->context.checked[level] = need;
	if (level == 0) {
		dpf_compare(AL, 1, need);
		dpf_branch(LO, c->fail);
		return;
	}
	dpf_emit(a32_dp_reg(SUB, false, DPF_KEY, dpf_base(level), 0));
	dpf_emit(a32_dp_reg(SUB, false, DPF_KEY, 1, DPF_KEY));
	dpf_compare(AL, DPF_KEY, need);
	dpf_branch(LT, c->fail);
}

// The base of the next level, and the bounds of what is read there.
static void
move(struct dpf_code *c, const struct dpf_cell *cell, uint32_t need)
{
	unsigned base = dpf_base(cell->level), next = dpf_base(cell->level + 1);

	dpf_field(cell);
	dpf_emit(a32_dp_shift(ADD, false, next, base, DPF_KEY, LSL, cell->shift));
	c->level = cell->level + 1;
	c->context.checked[c->level] = 0;
	if (cell->level > 0) {
		bounds(c, c->level, need);
		return;
	}
	c->context.checked[c->level] = need;
	dpf_emit(a32_dp_shift(SUB, false, DPF_KEY, 1, DPF_KEY, LSL, cell->shift));
	dpf_compare(AL, DPF_KEY, need);
	dpf_branch(LT, c->fail);
}

// A test with one value: compare, and go on together with what has been compared before.
static void
single(struct dpf_code *c, const struct dpf_cell *cell, uint32_t key)
{
	if (c->pending == TOGETHER)
		settle(c);
	dpf_load_unit(cell);
	if (dpf_has_mask(cell))
		dpf_mask(cell, key == 0 && c->pending > 0 ? EQ : AL, key == 0);
	if (key != 0 || !dpf_has_mask(cell))
		dpf_compare(c->pending > 0 ? EQ : AL, DPF_KEY, key);
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
		settle(c);
		dpf_values(c, t);
	}
}

void
dpf_node(const struct dpf_code *c, const struct dpf_node *n)
{
	struct dpf_code way = *c;

	if (n->tests != NULL && (n->tests->next != NULL || n->id != 0))
		settle(&way);
	for (struct dpf_test *t = n->tests; t != NULL; t = t->next) {
		struct dpf_code one = way;
		bool last = t->next == NULL && n->id == 0;

		if (t->next != NULL && t->next->sum.most > one.context.later)
			one.context.later = t->next->sum.most;
		if (!last)
			one.fail = dpf_new_label();
		test(&one, t);
		if (!last)
			dpf_place(one.fail);
	}
	if (n->id != 0)
		found(&way, n);
}
// INSTEAD
//| void
//| dpf_node(const struct dpf_code *c, const struct dpf_node *n)
//| {
//| 	// TODO 7.3: its tests, each with what is behind it, then the filter that ends here.
//| 	(void)c, (void)n;
//| 	todo("7.3");
//| }
// END SOLUTION
