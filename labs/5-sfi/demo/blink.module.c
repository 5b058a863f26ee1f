// The blinker's module: it toggles pin 0, for its owner and for whoever calls it; and does what modules should not.

#include <sfi/module.h>
#include <sfi/pins.h>

#include "demo.h"

static uint32_t
toggle(uint32_t n)
{
	for (uint32_t left = n; left != 0; left--) {
		pins_write(1, 1);
		pins_write(1, 0);
	}
	return n;
}

static void
forever(void)
{
	for (;;)
		;
}

static void
fault(volatile uint32_t *at)
{
	*at = 1;
}

static uint32_t
ask(uint32_t n)
{
	uint64_t sum = call(TALLY, TALLY_ADD, n, 0);

	return sum >> 32 != 0 ? sum >> 32 : sum;
}

MODULE_CALLABLE(toggle, forever, fault, ask);
