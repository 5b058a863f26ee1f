// `make run LAB=5`: what may be in a module, said word by word; then two applications that do not trust each other,
// with a module each, in a kernel that trusts neither; and what a toggle of a pin costs, by each way.

#include <exo/check.h>
#include <exo/env.h>
#include <exo/gpio.h>
#include <exo/pl061.h>
#include <exo/power.h>
#include <exo/timer.h>
#include <exo/trap.h>
#include <exo/verify.h>
#include <sfi/page.h>

extern const struct typed {
	uint32_t word;
	const char *text, *why;
} typed[], typed_end[];			// demo.S

static void
words(void)
{
	uint32_t size = typed_end - typed;

	printk("A module by hand, for who holds pin 0:\n");
	for (uint32_t i = 0; i < size; i++) {
		const struct typed *t = &typed[i];
		bool good = verify_word(t->word, MODULE_CODE + 4 * i, MODULE_CODE + 4 * size, 1);

		printk("    %08x  %-26s  %s  %s\n", t->word, t->text, good ? "accepted" : "refused ", t->why);
	}
}

counted static void
natively(uint32_t n)
{
	volatile uint32_t *pin = mmio(BOARD_GPIO_PA + GPIODATA + (1 << 2));

	do {
		*pin = 1;
		*pin = 0;
	} while (--n);
}

// As demo/blinker.user.c counts.
static uint32_t
cost(void)
{
	uint64_t start = timer_now(), middle;

	natively(10);
	middle = timer_now();
	natively(30);
	return (timer_now() - middle - (middle - start)) / 20;
}

void
check_main(void)
{
	struct env *blinker, *other;

	words();
	syscall_register(SYS_GPIO_PAGE, sys_gpio_page);
	if (env_load("blinker", "pin0", &blinker) < 0 || env_load("other", "pin1", &other) < 0 ||
	    env_attach(blinker, "blink") < 0 || env_attach(other, "blink") < 0 || env_attach(other, "tally") < 0)
		return;
	env_run();
	gpio_direction(1, 1);
	printk("    by the kernel itself %3u\n", cost());
	gpio_direction(1, 0);
	power_off();
}
