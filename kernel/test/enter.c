// The C half of enter.S, and todo() as a user program has it.

#define EXO_USER

#include <exo/check.h>
#include <exo/todo.h>

void enter(void);
void
check_main(void)
{
	enter();
}

void user_todo(void);
void
user_todo(void)
{
#line 1 "starter/3-exceptions/hello.user.c"
	todo("3.2");
}
