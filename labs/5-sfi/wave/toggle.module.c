// A module that toggles pin 1.

#include <sfi/module.h>
#include <sfi/pins.h>

static void
toggle(uint32_t n)
{
	do {
		pins_write(2, 2);
		pins_write(2, 0);
	} while (--n);
}

MODULE_CALLABLE(toggle);
