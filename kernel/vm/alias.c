// The alias windows of the kernel's map (exo/kmap.h): where pages of downloaded modules and of
// generated code are seen a second time, with other permissions. One second-level table for each
// window, made when it is first used; the megabyte behind every window stays unmapped.

#include <exo/aspace.h>
#include <exo/board.h>
#include <exo/error.h>
#include <exo/kmap.h>
#include <exo/mmu.h>

static uint32_t l2[ALIAS_COUNT][L2_ENTRIES] __attribute__((aligned(1024)));

int
alias_map(unsigned window, unsigned page, physaddr_t pa, uint32_t prot)
{
	uint32_t va = ALIAS_BASE + window * ALIAS_STEP, descriptor = pa | L2_SMALL | L2_C | L2_B | L2_AP0, *entry;

	if (window >= ALIAS_COUNT || page >= L2_ENTRIES || pa % PAGE_SIZE != 0 || !is_prot(prot))
		return -E_INVAL;
	entry = &l2[window][page];
	*entry = 0;
	kmap_l1()[va / SECTION_SIZE] = v2p(l2[window]) | L1_TABLE;
	tlb_flush_page(va + page * PAGE_SIZE, 0);
	if (prot == 0)
		return 0;
	if (!(prot & RIGHT_WRITE))
		descriptor |= L2_AP2;
	if (!(prot & RIGHT_EXEC))
		descriptor |= L2_XN;
	*(volatile uint32_t *)entry = descriptor;	// at once: the walk may read it at any time
	tlb_publish();
	return 0;
}

void *
alias_address(unsigned window)
{
	return (void *)(ALIAS_BASE + window * ALIAS_STEP);
}
