// Says that its lines are those of a file of the host's, and crashes there.
//
// file: lab1.c
// check banner: fail, fault
// never: root:x

#include "hostile.h"

static void
evil(void)
{
	#line 1 "/etc/passwd"
	__asm__ volatile("udf #0");
}
