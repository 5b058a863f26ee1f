// Prints no more than it may, all of it nonsense, and goes on.
//
// file: lab1.c
// check banner: fail, wrong output

#include "hostile.h"

static void
evil(void)
{
	for (int i = 0; i < 5000; i++)
		SAY("\xff\xfe\x1b[7m\0\r\b\n");
}
