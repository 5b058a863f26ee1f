// Starts with every register full of junk (junk.S), as a real machine may.

#include <exo/check.h>

void
check_main(void)
{
	printk("still here\n");
}
