#include "say.h"
// Never yields at its end: one tick too many.
static void __attribute__((naked)) end(void)
{
	__asm__ volatile("b .");
}
int main(void) { libos_init(); SAVE->end = address(end); for (;;) ; }
