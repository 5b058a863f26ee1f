// Ends where boot_bss would be called: the stacks are all there is by then.

#include <exo/check.h>

void boot_bss(void);	// not by exo/boot.h, which makes it weak

void
boot_bss(void)
{
	run_end();
}

void
check_main(void)
{
}
