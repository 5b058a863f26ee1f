// TLB maintenance (exo/aspace.h; DDI 0406C, B3.10): what the tables say, the TLB has to learn. Each
// of these is complete when it returns.

#include <exo/arm.h>
#include <exo/aspace.h>
#include <exo/todo.h>

// Wait for an invalidation, and let the next instruction be fetched by what holds now.
static void
complete(void)
{
	// TODO 2.3: the branch predictors too; then the two barriers.
	todo("2.3");
}

void
tlb_publish(void)
{
	// TODO 2.3: an invalid entry is in no TLB; the store has to reach the walk all the same.
	todo("2.3");
}

void
tlb_flush_page(uint32_t va, uint32_t asid)
{
	// TODO 2.3: the store first, then one page of one ASID.
	(void)va, (void)asid, (void)complete;
	todo("2.3");
}

void
tlb_flush_asid(uint32_t asid)
{
	// TODO 2.3: the same, for all of an ASID.
	(void)asid;
	todo("2.3");
}

void
tlb_flush_all(void)
{
	// TODO 2.3: the same, for everything.
	todo("2.3");
}
