// Spins in a function whose name is long and full of escapes.
//
// file: lab1.c
// check banner: fail, hang

#include "hostile.h"

#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONGER LONG LONG LONG LONG LONG LONG LONG LONG LONG LONG LONG LONG LONG LONG LONG LONG
#define NAME "\\033[2J\xe2\x80\xae<b>" LONGER LONGER LONGER LONGER

void odd(void) __asm__("\"" NAME "\"");
__asm__(".text\n.global \"" NAME "\"\n.type \"" NAME "\", %function\n\"" NAME "\":\nb .\n.size \"" NAME "\", 4");

static void
evil(void)
{
	odd();
}
