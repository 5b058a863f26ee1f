// What stands in the place of each instruction (sfi/rewrite.h): guards, so that the verifier accepts it, and as few
// of them as will do.

#include <exo/todo.h>
#include <sfi/rewrite.h>

// TODO 5.3: the guard of a data address; that of a code address.
void
guard_data(int reg, struct state *s)
{
	(void)reg, (void)s;
	todo("5.3");
}

// TODO 5.3: the jump to what a register holds; where an access can go instead.

// TODO 5.3: accesses, of one register and of several, with what they add to their base; the stack pointer.

void
guard(const struct insn *i, struct state *s)
{
	// TODO 5.3: what each kind of instruction becomes.
	(void)s;
	todo("5.3");
	emit("%s", i->text);
}
