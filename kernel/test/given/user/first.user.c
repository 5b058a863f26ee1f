// Ends with what it has found of itself: its argument, data, what is zero, what is constant.

#include <exo/types.h>

static int data = 0x100, zero[3000], *const pointer = &data;
static const char text[] = "text";

int
main(int argument)
{
	int sum = *pointer + text[argument & 3];

	for (unsigned i = 0; i < ARRAY_SIZE(zero); i++)
		sum += zero[i] != 0, zero[i] = -1;
	data = 0;
	return sum + (argument << 16);
}
