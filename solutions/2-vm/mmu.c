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
	// BEGIN SOLUTION 2.5a
	iciallu(0);
	bpiall(0);
	tlbiall(0);
	prrr_write(PRRR_VALUE);
	nmrr_write(NMRR_VALUE);
	dacr_write(DACR_CLIENT0);
	ttbcr_write(TTBCR_N);
	ttbr0_write(empty_l1 | TTBR_WBWA);
	ttbr1_write(kernel_l1 | TTBR_WBWA);
	contextidr_write(0);
	dsb();
	isb();
	sctlr_write((sctlr_read() & ~(SCTLR_AFE | SCTLR_A)) | SCTLR_TRE | SCTLR_I | SCTLR_Z | SCTLR_C | SCTLR_M);
	isb();
	mmio_offset = BOARD_MMIO_OFFSET;
	// INSTEAD
	//| // TODO 2.5: forget what caches, predictors and TLB hold; how memory is named, who may, which tables; wait; on.
	//| (void)kernel_l1;
	//| todo("2.5");
	// END SOLUTION
}

void
as_switch(const struct aspace *as)
{
	// BEGIN SOLUTION 2.5b
	// By way of the empty table: the ASID changes while there is nothing that could get a wrong tag.
	ttbr0_write(nobody | TTBR_WBWA);
	isb();
	contextidr_write(as != NULL ? as->asid : 0);
	isb();
	ttbr0_write((as != NULL ? as->l1 : nobody) | TTBR_WBWA);
	isb();
	// INSTEAD
	//| // TODO 2.5: table and ASID cannot be changed at once; no access may see one of them with the other's predecessor.
	//| (void)as;
	//| todo("2.5");
	// END SOLUTION
}
