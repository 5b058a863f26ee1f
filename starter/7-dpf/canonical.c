// Filters in canonical form (exo/dpf.h): shifts by constants folded into offsets, atoms coalesced into cells, cells in order.

#include <exo/dpf.h>
#include <exo/error.h>
#include <exo/todo.h>

int
dpf_canonical(const struct dpf_filter *filter, struct dpf_canon *c)
{
	// TODO 7.1: fold constants, gather cells, keep them in order.
	(void)filter, (void)c;
	todo("7.1");
	return -E_INVAL;
}
