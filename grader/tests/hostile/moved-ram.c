// Maps another megabyte where the kernel lies, by the MMU.
//
// file: lab1.c
// check banner: fail, fault

#include "hostile.h"

static void
evil(void)
{
	static uint32_t table[4096] __attribute__((aligned(16384)));

	for (uint32_t i = 0; i < 4096; i++)
		table[i] = 0x43000000 | 0xc02;
	__asm__ volatile("mcr p15, 0, %0, c2, c0, 0\n\tmcr p15, 0, %1, c3, c0, 0\n\tisb" : : "r"(table), "r"(~0u));
	__asm__ volatile("mrc p15, 0, r0, c1, c0, 0\n\torr r0, r0, #1\n\tmcr p15, 0, r0, c1, c0, 0\n\tisb" : : : "r0");
}
