// The kernel with nothing behind it: for checks that look from outside. It brings variables of
// its own, so that .bss and .data are worth looking at.

#include <exo/check.h>

uint32_t boot_zero[999];
uint32_t boot_data[] = { 0xfeedface, 0x0ddba11, 0xc0ffee, 0x5eed, 1, 0, 0xffffffff };

void
check_main(void)
{
	// Used, so that the compiler keeps them.
	__asm__ volatile("" : : "r"(boot_zero), "r"(boot_data) : "memory");
}
