// Tests with more than one value (exo/dpfcode.h): compared one after the other, by halves, by a table.

#include <exo/dpfcode.h>
#include <exo/todo.h>

void
dpf_slot(const struct dpf_cell *cell, const struct dpf_table *table)
{
	// TODO 7.4: a hash, or the number itself.
	(void)cell, (void)table;
	todo("7.4");
}

void
dpf_among(const struct dpf_code *c, const struct dpf_cell *cell, struct dpf_node *const *nodes, uint32_t count)
{
	// TODO 7.4: comparisons, and what each of the nodes leads to.
	(void)c, (void)cell, (void)nodes, (void)count;
	todo("7.4");
}

void
dpf_values(const struct dpf_code *c, struct dpf_test *t)
{
	// TODO 7.4: few values, or many.
	(void)c, (void)t;
	todo("7.4");
}
