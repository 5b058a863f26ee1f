// The kernel's own mistakes: an undefined instruction, a load and a jump; or one of them in a handler,
// while an application waits. The run's input says which, and what is in the registers.

#include "cases.h"

void broken(uint32_t which, const uint32_t *registers) __attribute__((noreturn));

static void
fault(void)
{
	const uint32_t *in = (const uint32_t *)params()->input;

	broken(in[0] & 3, in + 1);
}

static void
handler(struct trapframe *tf)
{
	(void)tf;
	fault();
}

void
check_main(void)
{
	const uint32_t *in = (const uint32_t *)params()->input;
	struct trapframe tf = { .pc = CODE, .cpsr = PSR_M_USR };

	if (in[0] & 4) {
		trap_register(TRAP_UNDEFINED, handler);
		space_create();
		user_enter(&tf);
	}
	fault();
}
