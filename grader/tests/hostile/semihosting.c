// Asks the host to open and write a file, by each of semihosting's calls, and to end: all of them are
// plain exceptions to this machine.
//
// file: lab1.c
// check banner: pass

#include "hostile.h"

SWALLOW;

static void
evil(void)
{
	static const char name[] = "/tmp/exolab-was-here";
	static uint32_t open[] = { (uint32_t)name, 4, sizeof(name) - 1 };

	vbar_write((uint32_t)swallow);
	for (int i = 0; i < 2; i++) {
		register uint32_t r0 __asm__("r0") = i == 0 ? 1 : 0x18;		// SYS_OPEN, SYS_EXIT
		register uint32_t *r1 __asm__("r1") = open;

		__asm__ volatile("svc #0x123456\n\tbkpt #0xab\n\tnop\n\t.inst 0xe10f0070" : "+r"(r0) : "r"(r1) : "lr", "memory");
	}
}
