#include <exo/check.h>
#include <exo/env.h>
#include <exo/page.h>
#include <exo/printk.h>
#include <exo/slice.h>
void
check_main(void)
{
	struct env *env;
	uint32_t before = page_free_count();
	printk("load %d\n", env_load("lender", "a", &env));
	printk("load %d\n", env_load("borrower", "a", &env));
	printk("load %d\n", env_load("thief", "a", &env));
	printk("load %d\n", env_load("other", "a", &env));
	env_run();
	for (unsigned i = 0; i < 4; i++)
		printk("%u: %u %d\n", i, envs[i].ended, envs[i].status);
	printk("done, %d pages lost\n", before - page_free_count());
}
