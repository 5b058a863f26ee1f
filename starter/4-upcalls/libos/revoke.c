// Which pages to give back when the kernel asks (libos/revoke.h).

#include <exo/todo.h>
#include <libos/revoke.h>
#include <libos/sys.h>

uint32_t
revoke_give(uint32_t wanted)
{
	// TODO 4.9: of what is offered the cheapest first, until it is enough, or nothing is left that could go.
	(void)wanted;
	todo("4.9");
	return 0;
}
