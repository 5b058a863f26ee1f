// Works and asks the kernel, so many times, or until the kernel says that it is enough.
#include <exo/types.h>

static int
syscall(int number)
{
	register uint32_t r0 __asm__("r0") = 0;
	register int r7 __asm__("r7") = number;

	__asm__ volatile("svc #0" : "+r"(r0) : "r"(r7) : "memory");
	return r0;
}

int
main(int times)
{
	volatile uint32_t work = 0;

	for (int i = 0; times == 0 || i < times; i++) {
		for (int j = 0; j < 16; j++)
			work = work + j;
		if (syscall(times == 0 ? 40 : 0) != 0)
			break;
	}
	return work % 120 == 0 ? 42 : -1;
}
