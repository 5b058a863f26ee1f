// Leaves its registers, and no more, to who comes next, until it is alone for long.

#include <libos/sys.h>
#include <libos/upcall.h>

int
main(void)
{
	if (libos_init() < 0)
		return 1;
	for (int i = 0; i < 600; i++)
		yield(0);
	return 0;
}
