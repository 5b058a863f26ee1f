// The C half of enter.S.

#include <exo/check.h>

void enter(void);
void
check_main(void)
{
	enter();
}
