// `make run LAB=4`: applications side by side, each with a policy of its own for what other kernels decide for all. What each of them
// does is in demo/, and told as it goes.

#include <exo/check.h>
#include <exo/env.h>
#include <exo/page.h>
#include <exo/power.h>
#include <exo/printk.h>
#include <exo/revoke.h>
#include <exo/trap.h>

#define SYS_SCARCE 40			// demo/demo.h

static const char *const programs[] = { "faults", "paging", "dirty", "tree", "pipe", "shares" };

// As if a page operation had found no page free.
static int32_t
scarce(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
	(void)a0, (void)a1, (void)a2, (void)a3;
	printk("kernel: no page is left; who has most is asked for %u\n", REVOKE_PAGES);
	revoke_ask();
	return 0;
}

void
check_main(void)
{
	uint32_t before = page_free_count();
	struct env *env;

	syscall_register(SYS_SCARCE, scarce);
	for (unsigned i = 0; i < sizeof programs / sizeof *programs; i++)
		if (env_load(programs[i], programs[i], &env) < 0)
			return;
	env_run();
	printk("pages lost: %d\n", (int)(before - page_free_count()));
	power_off();
}
