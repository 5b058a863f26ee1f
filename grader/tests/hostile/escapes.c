// Prints what a terminal obeys: clear, title, colour, cursor, a file to open.
//
// file: lab1.c
// check banner: fail, wrong output

#include "hostile.h"

static void
evil(void)
{
	SAY("\x1b[2J\x1b]0;pwned\a\x1b[31m\x1bc\x9b" "31m\x1b]8;;file:///etc/passwd\x1b\\x\r\n");
}
