// Pins, for a module that may drive some: r8 holds the address of the GPIO's data registers (PL061), where bits 9:2 of
// an address are a mask. The verifier accepts a store where it knows the mask, so masks are constants. Who includes
// this is compiled with r8 reserved.
#pragma once

#include <exo/types.h>

register volatile uint32_t *pins __asm__("r8");

// Those pins of mask get the bits of value.
#define pins_write(mask, value) (pins[mask] = (value))
#define pins_read(mask) (pins[mask])
