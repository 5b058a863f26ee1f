// A stride scheduler (libos/stride.h): slices in proportion to tickets, with no help from the kernel.

#include <exo/error.h>
#include <exo/todo.h>
#include <libos/stride.h>
#include <libos/upcall.h>

struct stride_child stride_children[STRIDE_CHILDREN];

// TODO 4.10: whose turn is it?

int
stride_add(uint32_t env, uint32_t tickets)
{
	// TODO 4.10: a place of its own, beside the others and not ahead of them.
	(void)env, (void)tickets;
	todo("4.10");
	return -E_NOMEM;
}

int
stride_run(void)
{
	// TODO 4.10: the lowest pass; its pass grows; the slice is its.
	todo("4.10");
	return -E_NOENT;
}
