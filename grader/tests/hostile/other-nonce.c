// Changes the nonce.
//
// file: lab1.c
// check banner: fail, early exit

#include "hostile.h"

static void
evil(void)
{
	((struct params *)params())->nonce ^= 1;
}
