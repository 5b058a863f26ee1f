// Has bytes printed, its own or not, and tells what SYS_WRITE returned.

#include <exo/mmu.h>
#include <exo/syscall.h>
#include <exo/user.h>

#define TOP USER_STACK_TOP

int
main(int which)
{
	static const struct {
		const char *va;
		uint32_t size;
	} words[] = {
		{ "own words\n", 10 },
		{ (const char *)(TOP - PAGE_SIZE - 2), 4 },	// on two pages
		{ (const char *)0, 1 },
		{ (const char *)0x40100000, 16 },		// the kernel's text
		{ (const char *)(TOP - 1), 2 },			// the second is behind the stack
		{ (const char *)0x10000, 0xffff0000 },		// up to the last address there is
		{ (const char *)0x10000, 0xffffffff },		// and round
		{ (const char *)0x40100000, 0 },
	};
	register uint32_t r0 __asm__("r0") = (uintptr_t)words[which].va;
	register uint32_t r1 __asm__("r1") = words[which].size;
	register uint32_t r7 __asm__("r7") = SYS_WRITE;

	for (volatile char *p = (volatile char *)(TOP - PAGE_SIZE - 2); p < (volatile char *)(TOP - PAGE_SIZE + 2); p++)
		*p = '!';
	__asm__ volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r7) : "memory");
	return r0;
}
