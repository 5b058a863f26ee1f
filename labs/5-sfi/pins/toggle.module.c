// A module that toggles a pin, and is no more than that: what is counted is its loop.

#include <sfi/module.h>
#include <sfi/pins.h>

#include "ways.h"

static void
toggle(uint32_t n)
{
	do {
		pins_write(BY_MODULE, BY_MODULE);
		pins_write(BY_MODULE, 0);
	} while (--n);
}

static void
nothing(void)
{
}

MODULE_CALLABLE(toggle, nothing);
