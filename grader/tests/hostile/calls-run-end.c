// Ends the run by the framework's own door.
//
// file: lab1.c
// check reset: fail, build error
// says: it uses run_end

#include "hostile.h"

void run_end(void);

static void
evil(void)
{
	run_end();
}
