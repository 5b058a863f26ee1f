// Another application: it computes, slice after slice.

#include <libos/upcall.h>

int
main(void)
{
	volatile uint32_t n = 0;

	if (libos_init() < 0)
		return 1;
	for (;;)
		n++;
}
