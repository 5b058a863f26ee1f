// Another program, which makes do with its stack.

#include <exo/types.h>

int
main(int argument)
{
	volatile uint8_t deep[12000];

	for (unsigned i = 0; i < sizeof deep; i++)
		deep[i] = i;
	return argument + deep[11999];
}
