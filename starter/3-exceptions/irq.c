// An interrupt (exo/trap.h), between its acknowledgement and its end.

#include <exo/board.h>
#include <exo/gic.h>
#include <exo/todo.h>
#include <exo/trap.h>

void
trap_irq(struct trapframe *tf)
{
	// TODO 3.5: acknowledge; unless it is spurious, whoever has registered it, or nobody any more; end it.
	(void)tf;
	todo("3.5");
}
