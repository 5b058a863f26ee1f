// Asks the kernel once, and says what it got.
#include <exo/types.h>

int
main(uint32_t argument)
{
	register uint32_t r0 __asm__("r0") = argument;
	register uint32_t r7 __asm__("r7") = 40;

	__asm__ volatile("svc #0" : "+r"(r0) : "r"(r7) : "memory");
	return r0;
}
