// A program in user mode that ends as its argument, a letter, says.

#include <exo/error.h>
#include <exo/syscall.h>
#include <exo/types.h>

#define KERNEL ((volatile uint32_t *)0x40010000)
#define SAY(text) write((uintptr_t)text, sizeof text - 1)

static int
write(uint32_t va, uint32_t size)
{
	register uint32_t r0 __asm__("r0") = va;
	register uint32_t r1 __asm__("r1") = size;
	register uint32_t r7 __asm__("r7") = SYS_WRITE;

	__asm__ volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r7) : "memory");
	return r0;
}

int
main(int key)
{
	volatile uint32_t *null = NULL;
	uint32_t sum = 0;

	switch (key) {
	case 'n':
		*null = 1;
		break;
	case 't':
		*(volatile uint32_t *)(uintptr_t)main = 0;
		break;
	case 'k':
		return *KERNEL;
	case 'j':
		((void (*)(void))(uintptr_t)KERNEL)();
		break;
	case 'u':
		__asm__ volatile("udf #0");
		break;
	case 'h':
		SAY("  hello from user mode\n");
		if (write((uintptr_t)KERNEL, 16) == -E_FAULT)
			SAY("  16 bytes of the kernel, please: refused\n");
		for (uint32_t i = 1; i <= 65535; i++)
			__asm__ volatile("add %0, %0, %1" : "+r"(sum) : "r"(i));
		if (sum == 65535u * 32768u)
			SAY("  the sum is right\n");
	}
	return 0;
}
