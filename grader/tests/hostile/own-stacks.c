// Says where the stacks are, other than the link script does: the script's word counts.
//
// file: lab1.c
// check banner: pass

#include "hostile.h"

static void
evil(void)
{
}

__asm__(".global __svc_stack_top\n.set __svc_stack_top, 0x40200000");
