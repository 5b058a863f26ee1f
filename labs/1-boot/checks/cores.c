// A second core that starts at reset as the first does: cores.S switches it on. It must never be
// seen in C.

#include <exo/check.h>

void
check_main(void)
{
}
