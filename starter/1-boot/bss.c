// Clears .bss: what C promises of every variable without an initialiser, and what no hardware
// does. The first C that runs, and not yet C's whole world: it has a stack, but may not use a
// variable that lies in .bss itself.

#include <exo/boot.h>
#include <exo/todo.h>

void
boot_bss(void)
{
	// TODO 1.3: store zero in every word from __bss_start up to, not including, __bss_end.
	todo("1.3");
}
