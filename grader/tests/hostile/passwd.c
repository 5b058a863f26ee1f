// Takes a file of the host's into the image and prints it.
//
// file: lab1.c
// check reset: fail, build error
// says: not part of your kernel
// never: root:x

#include "hostile.h"

extern const char passwd[];
__asm__(".section .rodata\npasswd: .incbin \"/etc/passwd\"\n.byte 0\n.previous");

static void
evil(void)
{
	send(passwd, strlen(passwd));
}
