// Tens of thousands of symbols.
//
// file: lab1.c
// check reset: fail, build error

#include "hostile.h"

static void
evil(void)
{
}

__asm__(".altmacro\n.macro one n\nsymbol_\\n\\():\n.endm\n"
    ".set n, 0\n.rept 50000\none %n\n.set n, n + 1\n.endr\n.noaltmacro");
