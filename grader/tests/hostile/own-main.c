// Brings a check of its own.
//
// file: lab1.c
// check reset: fail, build error
// says: check_main

#include "hostile.h"

static void
evil(void)
{
}

void check_main(void);
void
check_main(void)
{
}
