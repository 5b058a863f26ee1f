// Sections that would have the linker run the compiler, with options of the student's.
//
// file: lab1.c
// check banner: pass

#include "hostile.h"

static void
evil(void)
{
}

__asm__(".pushsection .gnu.lto_.symtab.1234,\"e\",%progbits\n.zero 100\n.popsection\n"
    ".pushsection .gnu.lto_.opts.1234,\"e\",%progbits\n.ascii \"'-O2' '-fplugin=/tmp/evil.so'\\0\"\n.popsection\n"
    ".comm __gnu_lto_slim,1,1");
