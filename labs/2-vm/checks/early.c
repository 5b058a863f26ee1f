// The operations of operations.h before the kernel is up, with the MMU off: for the steps that come
// before it can be switched on.

#include <exo/boot.h>

#include "operations.h"

int
probe_read(uint32_t va, uint32_t *value)
{
	return (void)va, (void)value, 0;
}

int
probe_write(uint32_t va, uint32_t value)
{
	return (void)va, (void)value, 0;
}

int
probe_exec(uint32_t va)
{
	return (void)va, 0;
}

void
check_early(void)
{
	const struct op *first = (const struct op *)params()->input;

	if (first->code == INIT)	// with less memory, or elsewhere, if so asked
		page_init(first->z != 0 ? first->z : v2p(__image_end), first->y);
	else
		page_init(v2p(__image_end), v2p(__pages_end));
	carry_out_all();
	report("end");
	run_end();
}

void
check_main(void)
{
}
