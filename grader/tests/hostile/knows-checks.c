// Asks which check it is linked with.
//
// file: lab1.c
// check reset: fail, build error
// says: there is fake_uart

#include "hostile.h"

extern uint32_t fake_uart[] __attribute__((weak));

static void
evil(void)
{
	if (fake_uart)
		SAY("I know you\n");
}
