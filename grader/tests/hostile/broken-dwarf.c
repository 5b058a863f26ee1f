// Debugging information that is garbage, and a crash that makes the grader look into it.
//
// file: lab1.c
// check banner: fail, fault

#include "hostile.h"

__asm__(".section .debug_info,\"\",%progbits\n.long 0x7fffffff\n.fill 4096, 1, 0xff\n.previous\n"
    ".section .debug_frame,\"\",%progbits\n.long 0xfffffff0\n.fill 4096, 1, 0xff\n.previous\n"
    ".section .debug_abbrev,\"\",%progbits\n.fill 4096, 1, 0xff\n.previous");

static void
evil(void)
{
	__asm__ volatile("udf #0");
}
