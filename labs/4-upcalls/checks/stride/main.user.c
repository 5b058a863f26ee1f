// Adds children and runs them, as the check says, and tells what stride_add() and stride_run() return.

#include <libos/stride.h>
#include <libos/sys.h>
#include <libos/upcall.h>

enum { STOP, ADD, RUN, MOVE, COUNT };

static uint32_t
word(uint32_t i)
{
	return syscall(41, i, 0, 0, 0);
}

int
main(void)
{
	uint32_t what, a, b;

	if (libos_init() < 0)
		return 1;
	yield(0);				// all of a slice is ours to give
	for (uint32_t i = 0; (what = word(i)) != STOP; i += 3) {
		a = word(i + 1);
		b = word(i + 2);
		if (what == ADD)
			syscall(43, stride_add(syscall(42, a, 0, 0, 0), b), 0, 0, 0);
		else if (what == RUN)
			while (a-- > 0)
				syscall(43, stride_run(), 0, 0, 0);
		else
			for (int n = 0; n < STRIDE_CHILDREN; n++)
				if (what == COUNT && stride_children[n].env != 0)
					syscall(43, 0, stride_children[n].slices + 1, 0, 0);
				else
					stride_children[n].pass += stride_children[n].env != 0 ? a : 0;
	}
	return 0;
}
