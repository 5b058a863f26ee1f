// Tests with more than one value (exo/dpfcode.h): compared one after the other, by halves, by a table.

#include <exo/dpfcode.h>
#include <exo/todo.h>

// BEGIN SOLUTION 7.4
#define DIRECT 2	// values that are compared one after the other,
#define BINARY 4	// and by halves

void
dpf_slot(const struct dpf_cell *cell, const struct dpf_table *table)
{
	if (!table->jump) {
		unsigned from = table->factor == 1 ? DPF_KEY : DPF_SCRATCH;

		if (table->factor != 1) {
			dpf_constant(DPF_SCRATCH, table->factor);
			dpf_emit(a32_mul(DPF_SCRATCH, DPF_KEY, DPF_SCRATCH));
		}
		dpf_emit(a32_ubfx(DPF_SCRATCH, from, table->position, table->bits));
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
			dpf_compare(AL, DPF_KEY, dpf_key(cell, nodes[n]->value));
			dpf_branch(EQ, to + n);
		}
		dpf_branch(AL, miss);
		return;
	}
	upper = dpf_new_label();
	dpf_compare(AL, DPF_KEY, dpf_key(cell, nodes[half]->value));
	dpf_branch(EQ, to + half);
	dpf_branch(HI, upper);
	search(cell, nodes, to, half, miss);
	dpf_place(upper);
	search(cell, nodes + half + 1, to + half + 1, count - half - 1, miss);
}

void
dpf_among(const struct dpf_code *c, const struct dpf_cell *cell, struct dpf_node *const *nodes, uint32_t count)
{
	struct dpf_code way = *c;
	dpf_label first;

	if (count == 1) {
		dpf_compare(AL, DPF_KEY, dpf_key(cell, nodes[0]->value));
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

void
dpf_values(const struct dpf_code *c, struct dpf_test *t)
{
	struct dpf_node *nodes[BINARY], *n = t->values;

	if (t->count > BINARY) {
		dpf_by_table(c, t);
		return;
	}
	for (uint32_t i = 0; i < t->count; i++, n = n->next)
		nodes[i] = n;
	dpf_load(&t->cell);
	dpf_among(c, &t->cell, nodes, t->count);
}
// INSTEAD
//| void
//| dpf_slot(const struct dpf_cell *cell, const struct dpf_table *table)
//| {
//| 	// TODO 7.4: a hash, or the number itself.
//| 	(void)cell, (void)table;
//| 	todo("7.4");
//| }
//|
//| void
//| dpf_among(const struct dpf_code *c, const struct dpf_cell *cell, struct dpf_node *const *nodes, uint32_t count)
//| {
//| 	// TODO 7.4: comparisons, and what each of the nodes leads to.
//| 	(void)c, (void)cell, (void)nodes, (void)count;
//| 	todo("7.4");
//| }
//|
//| void
//| dpf_values(const struct dpf_code *c, struct dpf_test *t)
//| {
//| 	// TODO 7.4: few values, or many.
//| 	(void)c, (void)t;
//| 	todo("7.4");
//| }
// END SOLUTION
