// Prints each byte there is, broken UTF-8, and characters that turn the line around.
//
// file: lab1.c
// check banner: fail, wrong output

#include "hostile.h"

static void
evil(void)
{
	for (int c = 0; c < 256; c++)
		send((char *)&c, 1);
	SAY("\xc3\x28\xe2\x80\xae" "drow\xe2\x80\x8b\xef\xbb\xbf\xed\xa0\x80\n");
}
