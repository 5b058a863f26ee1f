// The pins of the board's GPIO, a PL061 (exo/pl061.h), as secure bindings: pin i has the guard "pin0" + i, and
// whoever shows a capability for it holds it until it ends. Whether a pin is driven its holder alone says. Given, in
// kernel/sfi/gpio.c.
#pragma once

#include <exo/types.h>

#define GPIO_PINS 8

// The pins, a bit for each, that an environment holds.
uint32_t gpio_held(uint32_t owner);

// SYS_PINS (mask, cap): the caller holds those pins from now on, as inputs that were nobody's, all of them or none.
// -E_INVAL: no pin, or there are not so many; -E_PERM: the capability does not fit each, with RIGHT_WRITE;
// -E_EXISTS: one is held by somebody else. SYS_PIN_WRITE (mask, value): make those pins outputs that show value's
// bits. -E_PERM: not all of them are the caller's.
int32_t sys_pins(uint32_t mask, uint32_t cap, uint32_t a2, uint32_t a3);
int32_t sys_pin_write(uint32_t mask, uint32_t value, uint32_t a2, uint32_t a3);

// Those pins are outputs where out has a 1, else inputs.
void gpio_direction(uint32_t mask, uint32_t out);

// An environment has ended: its pins are low, then inputs, then nobody's.
void gpio_forget(uint32_t owner);
