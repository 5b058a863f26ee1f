// The operations of operations.h, when the kernel is up and the MMU on: with accesses as an
// application's, too. SCTLR does not have its reset value when mmu_on() comes to it.

#include "operations.h"

#define SCTLR_SW (1 << 10)		// SWP and SWPB allowed: of no concern to anybody here

void
check_early(void)
{
	sctlr_write(sctlr_read() | SCTLR_SW | SCTLR_A | SCTLR_AFE);
	isb();
}

void
check_main(void)
{
	probe_begin();
	carry_out_all();
	probe_end();
}
