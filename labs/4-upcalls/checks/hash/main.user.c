// Computes with every register (compute, in main.user.S), and exits with what comes of it.

#include <libos/sys.h>
#include <libos/upcall.h>

uint32_t compute(uint32_t rounds);

int
main(void)
{
	if (libos_init() < 0)
		return 1;
	sys_exit(compute(250));
}
