// An interrupt (exo/trap.h), between its acknowledgement and its end.

#include <exo/board.h>
#include <exo/gic.h>
#include <exo/todo.h>
#include <exo/trap.h>

void
trap_irq(struct trapframe *tf)
{
	// BEGIN SOLUTION 3.5
	uint32_t iar = *mmio(BOARD_GICC_PA + GICC_IAR), irq = iar & GIC_INTID;
	irq_handler *handler;
	void *arg;

	(void)tf;
	if (irq == GIC_SPURIOUS)
		return;
	handler = irq_lookup(irq, &arg);
	if (handler != NULL)
		handler(irq, arg);
	else
		gic_disable(irq);
	*mmio(BOARD_GICC_PA + GICC_EOIR) = iar;
	// INSTEAD
	//| // TODO 3.5: acknowledge; unless it is spurious, whoever has registered it, or nobody any more; end it.
	//| (void)tf;
	//| todo("3.5");
	// END SOLUTION
}
