// Somebody else's slices, with exclusives, flags and registers of its own.

#include <libos/sys.h>
#include <libos/thread.h>
#include <libos/upcall.h>

int
main(void)
{
	struct mutex m = { 0 };

	libos_init();
	for (unsigned i = 0; i < 300; i++) {
		mutex_lock(&m);
		yield(0);
		mutex_unlock(&m);
	}
	return 0;
}
