// Pins as secure bindings (exo/gpio.h): who holds which, and the registers that only this file and verified code
// write.

#include <exo/board.h>
#include <exo/cap.h>
#include <exo/env.h>
#include <exo/error.h>
#include <exo/gpio.h>
#include <exo/pl061.h>
#include <exo/trap.h>

#define EVERY ((1 << GPIO_PINS) - 1)

static uint32_t holder[GPIO_PINS];	// an environment, or 0
static uint32_t outputs;		// what GPIODIR says

uint32_t
gpio_held(uint32_t owner)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < GPIO_PINS; i++)
		if (holder[i] == owner)
			mask |= 1 << i;
	return mask;
}

void
gpio_direction(uint32_t mask, uint32_t out)
{
	outputs = (outputs & ~mask) | (out & mask);
	*mmio(BOARD_GPIO_PA + GPIODIR) = outputs;
}

void
gpio_forget(uint32_t owner)
{
	uint32_t mask = gpio_held(owner);

	if (mask == 0)
		return;
	*mmio(BOARD_GPIO_PA + GPIODATA + (mask << 2)) = 0;
	gpio_direction(mask, 0);
	for (unsigned i = 0; i < GPIO_PINS; i++)
		if (mask & 1 << i)
			holder[i] = 0;
}

int32_t
sys_pins(uint32_t mask, uint32_t at, uint32_t a2, uint32_t a3)
{
	uint32_t id = env_current()->id;
	struct cap cap;

	(void)a2, (void)a3;
	if (mask == 0 || (mask & ~EVERY) != 0)
		return -E_INVAL;
	if (copy_in(&cap, at, sizeof cap) < 0)
		return -E_FAULT;
	for (unsigned i = 0; i < GPIO_PINS; i++) {
		const struct guard guard = { .name = { 'p', 'i', 'n', '0' + i } };

		if ((mask & 1 << i) && cap_check(&cap, &guard, RIGHT_WRITE) < 0)
			return -E_PERM;
	}
	if ((mask & ~gpio_held(id) & ~gpio_held(0)) != 0)
		return -E_EXISTS;
	for (unsigned i = 0; i < GPIO_PINS; i++)
		if (mask & 1 << i)
			holder[i] = id;
	return 0;
}

int32_t
sys_pin_write(uint32_t mask, uint32_t value, uint32_t a2, uint32_t a3)
{
	(void)a2, (void)a3;
	if ((mask & ~gpio_held(env_current()->id)) != 0)
		return -E_PERM;
	if ((mask & ~outputs) != 0)
		gpio_direction(mask, mask);
	*mmio(BOARD_GPIO_PA + GPIODATA + (mask << 2)) = value;
	return 0;
}
