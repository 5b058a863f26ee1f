// The tables of exo/register.h.

#include <exo/error.h>
#include <exo/register.h>

static trap_handler *traps[TRAP_COUNT];
static syscall_handler *syscalls[SYSCALL_COUNT];
static struct {
	irq_handler *handler;
	void *arg;
} irqs[IRQ_COUNT];

int
trap_register(unsigned trap, trap_handler *handler)
{
	if (trap >= TRAP_COUNT || handler == NULL)
		return -E_INVAL;
	if (traps[trap] != NULL)
		return -E_EXISTS;
	traps[trap] = handler;
	return 0;
}

trap_handler *
trap_lookup(unsigned trap)
{
	return trap < TRAP_COUNT ? traps[trap] : NULL;
}

int
syscall_register(unsigned number, syscall_handler *handler)
{
	if (number >= SYSCALL_COUNT || handler == NULL)
		return -E_INVAL;
	if (syscalls[number] != NULL)
		return -E_EXISTS;
	syscalls[number] = handler;
	return 0;
}

syscall_handler *
syscall_lookup(unsigned number)
{
	return number < SYSCALL_COUNT ? syscalls[number] : NULL;
}

int
irq_register(unsigned irq, irq_handler *handler, void *arg)
{
	if (irq >= IRQ_COUNT || handler == NULL)
		return -E_INVAL;
	if (irqs[irq].handler != NULL)
		return -E_EXISTS;
	irqs[irq].handler = handler;
	irqs[irq].arg = arg;
	return 0;
}

irq_handler *
irq_lookup(unsigned irq, void **arg)
{
	if (irq >= IRQ_COUNT)
		return NULL;
	*arg = irqs[irq].arg;
	return irqs[irq].handler;
}
