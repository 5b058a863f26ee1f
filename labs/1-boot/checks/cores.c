// Other cores that start at reset as the first does: cores.S switches them on. They must never be
// seen in C.

#include <exo/check.h>

void
check_main(void)
{
}
