// What a toggle of a pin costs, by each way that there is (bench.toml): on and off again, in a loop, from one
// toggle's first instruction to the next one's. The application's ways are in pins/main.user.S, the module's
// in pins/toggle.module.c, the kernel's own here. And what it costs to call a module, from an application and from
// another's module.

#include <exo/check.h>
#include <exo/env.h>
#include <exo/gpio.h>
#include <exo/module.h>
#include <exo/pl061.h>
#include <exo/trap.h>
#include <exo/user.h>
#include <sfi/page.h>

#include "pins/ways.h"

counted static void
natively(unsigned n)
{
	volatile uint32_t *pin = mmio(BOARD_GPIO_PA + GPIODATA + (NATIVELY << 2));

	do {
		MARK(native_toggle);
		*pin = NATIVELY;
		*pin = 0;
	} while (--n);
}

void
check_main(void)
{
	const struct program *p = program_find("callee");
	struct env *env;
	uint32_t refused;

	if (module_load(p->start, p->end - p->start, 0, 0, &refused) != CALLEE)
		report("the callee cannot be loaded");
	syscall_register(SYS_GPIO_PAGE, sys_gpio_page);
	if (env_load("main", "pin", &env) < 0 || env_attach(env, "toggle") < 0 || env_attach(env, "caller") < 0)
		report("the application cannot be loaded");
	env_run();
	if (env->status != 0)
		report("the application has ended with %d", env->status);
	gpio_direction(NATIVELY, NATIVELY);
	natively(TOGGLES);
}
