// Writes a function and calls it, and writes it anew.
//
// file: lab1.c
// check banner: pass

#include "hostile.h"

static void
evil(void)
{
	static uint32_t code[2] __attribute__((aligned(8)));

	for (uint32_t i = 0; i < 100; i++) {
		code[0] = 0xe3a00000 | i;
		code[1] = 0xe12fff1e;
		__asm__ volatile("dsb\n\tmcr p15, 0, %0, c7, c5, 0\n\tisb" : : "r"(0));
		if (((uint32_t (*)(void))(uintptr_t)code)() != i)
			SAY("stale\n");
	}
}
