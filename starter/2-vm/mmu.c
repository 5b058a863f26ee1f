// Switching the MMU on, and from one address space to the next (exo/aspace.h). The code that does
// it runs on: where it lies, the new map and no map at all agree.

#include <exo/arm.h>
#include <exo/aspace.h>
#include <exo/board.h>
#include <exo/todo.h>

static physaddr_t nobody;		// the first level of no application

void
mmu_on(physaddr_t kernel_l1, physaddr_t empty_l1)
{
	nobody = empty_l1;
	// TODO 2.5: forget what caches, predictors and TLB hold; how memory is named, who may, which tables; wait; on.
	(void)kernel_l1;
	todo("2.5");
}

void
as_switch(const struct aspace *as)
{
	// TODO 2.5: table and ASID cannot be changed at once; no access may see one of them with the other's predecessor.
	(void)as;
	todo("2.5");
}
