// The other's module: it adds up what it is told, by whomever; and asks blink to toggle.

#include <sfi/module.h>

#include "demo.h"

static uint32_t sum;

static uint32_t
add(uint32_t n)
{
	return sum += n;
}

static uint32_t
ask(uint32_t n)
{
	uint64_t done = call(BLINK, BLINK_TOGGLE, n, 0);

	return done >> 32 != 0 ? done >> 32 : done;
}

MODULE_CALLABLE(add, ask);
