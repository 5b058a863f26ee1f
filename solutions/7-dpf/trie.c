// The trie of all filters (exo/dpf.h): in and out, along the cells of a filter.

#include <exo/dpf.h>
#include <exo/todo.h>

// BEGIN SOLUTION 7.2
// The test of a cell below a node; null: there is none.
static struct dpf_test *
test_of(const struct dpf_node *n, const struct dpf_cell *c)
{
	for (struct dpf_test *t = n->tests; t != NULL; t = t->next)
		if (t->cell.kind == c->kind && t->cell.level == c->level && t->cell.at == c->at && t->cell.mask == c->mask &&
		    t->cell.bytes == c->bytes && t->cell.shift == c->shift)
			return t;
	return NULL;
}

// The node of a value below a test; null: there is none.
static struct dpf_node *
node_of(const struct dpf_test *t, uint32_t value)
{
	struct dpf_node *n = t->values;

	while (n != NULL && n->value < value)
		n = n->next;
	return n != NULL && n->value == value ? n : NULL;
}

void
dpf_trie_insert(const struct dpf_canon *f, uint32_t id)
{
	struct dpf_node *n = &dpf_root;

	for (uint32_t i = 0; i < f->count; i++) {
		const struct dpf_cell *c = &f->cells[i];
		struct dpf_test *t = test_of(n, c);

		if (t == NULL)
			t = dpf_new_test(n, c);
		n = node_of(t, c->value);
		if (n == NULL)
			n = dpf_new_node(t, c->value);
	}
	n->id = id;
	n->bits = f->bits;
	for (unsigned level = 0; level < DPF_LEVELS; level++)
		n->need[level] = f->need[level];
	dpf_came(n);
}

void
dpf_trie_delete(const struct dpf_canon *f)
{
	struct dpf_node *n = &dpf_root;

	for (uint32_t i = 0; i < f->count; i++)
		n = node_of(test_of(n, &f->cells[i]), f->cells[i].value);
	n->id = 0;
	while (n != &dpf_root && n->id == 0 && n->tests == NULL) {
		struct dpf_test *t = n->from;

		dpf_free_node(n);
		n = t->from;
		if (t->values == NULL)
			dpf_free_test(t);
		else
			break;
	}
	dpf_went(n);
}
// INSTEAD
//| void
//| dpf_trie_insert(const struct dpf_canon *f, uint32_t id)
//| {
//| 	// TODO 7.2: along the cells from the root, over tests and nodes that are there, and new ones.
//| 	(void)f, (void)id;
//| 	todo("7.2");
//| }
//|
//| void
//| dpf_trie_delete(const struct dpf_canon *f)
//| {
//| 	// TODO 7.2: the same way, then back as far as nobody else needs it.
//| 	(void)f;
//| 	todo("7.2");
//| }
// END SOLUTION
