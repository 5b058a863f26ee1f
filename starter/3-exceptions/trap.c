// An application's exception, in C (exo/trap.h).

#include <exo/error.h>
#include <exo/todo.h>
#include <exo/trap.h>

void
trap(struct trapframe *tf, unsigned number)
{
	// TODO 3.2: the one who has registered; without one, the application ends here.
	(void)tf, (void)number;
	todo("3.2");
}
