// Takes the parameter block's magic number away: the check's last line then has another nonce.
//
// file: lab1.c
// check banner: fail, early exit

#include "hostile.h"

static void
evil(void)
{
	((struct params *)params())->magic = 0;
}
