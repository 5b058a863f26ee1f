#include <exo/check.h>
#include <exo/env.h>
#include <exo/printk.h>
#include <exo/page.h>
void
check_main(void)
{
	struct env *env;
	uint32_t before = page_free_count();
	printk("load %d\n", env_load("first", "a", &env));
	printk("load %d\n", env_load("first", "b", &env));
	env_run();
	printk("done, %d pages lost\n", before - page_free_count());
}
