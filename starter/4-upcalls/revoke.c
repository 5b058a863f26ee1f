// Visible revocation (exo/revoke.h): whom the kernel asks for pages, when it tells it, and what happens if nothing
// comes.

#include <exo/revoke.h>
#include <exo/timer.h>
#include <exo/todo.h>


void
revoke_ask(void)
{
	// TODO 4.9: who has most is asked, unless somebody has been asked already; who never comes to be
	// told loses them.
	revocation.unwritten = true;	// and this line goes
}

uint32_t
revoke_entry(struct env *env)
{
	// TODO 4.9: who has been asked and does not know yet begins elsewhere, once.
	return env->save->begin;
}

void
revoke_due(void)
{
	// TODO 4.9: who has been told has had its time.
}
