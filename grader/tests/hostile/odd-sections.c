// Code in the section where the image begins, and data in one whose name is no name.
//
// file: lab1.c
// check banner: pass

#include "hostile.h"

__asm__(".pushsection \"odd section \033[2J\", \"a\", %progbits\n.long 1\n.popsection");

__attribute__((section(".text.entry"), noinline)) static void
first(void)
{
	__asm__ volatile("");
}

static void
evil(void)
{
	first();
}
