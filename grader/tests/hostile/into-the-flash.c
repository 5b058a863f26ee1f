// Jumps to address 0.
//
// file: lab1.c
// check banner: fail, fault

#include "hostile.h"

#pragma GCC diagnostic ignored "-Wnonnull"
static void
evil(void)
{
	((void (*)(void))(uintptr_t)0)();
}
