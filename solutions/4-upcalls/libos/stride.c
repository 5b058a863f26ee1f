// A stride scheduler (libos/stride.h): slices in proportion to tickets, with no help from the kernel.

#include <exo/error.h>
#include <exo/todo.h>
#include <libos/stride.h>
#include <libos/upcall.h>

struct stride_child stride_children[STRIDE_CHILDREN];

// BEGIN SOLUTION 4.10a
// The child with the lowest pass, of equal ones the first; null: there is none.
static struct stride_child *
lowest(void)
{
	struct stride_child *low = NULL;

	for (struct stride_child *c = stride_children; c < stride_children + STRIDE_CHILDREN; c++)
		if (c->env != 0 && (low == NULL || (int32_t)(c->pass - low->pass) < 0))
			low = c;
	return low;
}
// INSTEAD
//| // TODO 4.10: whose turn is it?
// END SOLUTION

int
stride_add(uint32_t env, uint32_t tickets)
{
	// BEGIN SOLUTION 4.10b
	const struct stride_child *low = lowest();

	if (tickets == 0 || tickets > STRIDE_ONE)
		return -E_INVAL;
	for (struct stride_child *c = stride_children; c < stride_children + STRIDE_CHILDREN; c++)
		if (c->env == 0) {
			*c = (struct stride_child){ env, tickets, low != NULL ? low->pass : 0, 0 };
			return 0;
		}
	return -E_NOMEM;
	// INSTEAD
	//| // TODO 4.10: a place of its own, beside the others and not ahead of them.
	//| (void)env, (void)tickets;
	//| todo("4.10");
	//| return -E_NOMEM;
	// END SOLUTION
}

int
stride_run(void)
{
	// BEGIN SOLUTION 4.10c
	struct stride_child *c;

	while ((c = lowest()) != NULL) {
		c->pass += STRIDE_ONE / c->tickets;
		c->slices++;
		if (yield(c->env) == 0)
			return 0;
		c->env = 0;
	}
	return -E_NOENT;
	// INSTEAD
	//| // TODO 4.10: the lowest pass; its pass grows; the slice is its.
	//| todo("4.10");
	//| return -E_NOENT;
	// END SOLUTION
}
