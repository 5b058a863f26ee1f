// The operations of operations.h, when the kernel is up and the MMU on: with accesses as an
// application's, too.

#include "operations.h"

void
check_main(void)
{
	probe_begin();
	carry_out_all();
	probe_end();
}
