#include "say.h"
// A child: gives its slice away, then counts the ones it is given; every second is overstayed in the middle of work.
int
main(void)
{
	uint32_t n = 0;
	libos_init();
	sys_slice_give((SAVE->id - 64) % 64, 0);
	for (;;) {
		yield(0);
		n++;
		*(volatile uint32_t *)(SAVE->own + 200) = n;
		if (n % 2)
			for (volatile int i = 0; i < 20000; i++)
				;
		if (n == 600 / (1 + (SAVE->id - 64) % 64)) {
			say("child done", SAVE->id);
			return n;
		}
	}
}
