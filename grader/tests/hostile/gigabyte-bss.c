// A gigabyte of variables.
//
// file: lab1.c
// check reset: fail, build error
// says: region `ram' overflowed

#include "hostile.h"

static void
evil(void)
{
}

uint8_t big[1 << 30];
