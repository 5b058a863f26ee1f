// Prints numbers drawn from the seed, in every format, through the student's driver.

#include <exo/check.h>

void
check_main(void)
{
	uint64_t state = params()->seed;

	for (int i = 0; i < 8; i++) {
		uint64_t v = random64(&state);

		printk("%d: %08x %u|%-12d|%12s|%c\n", i, (uint32_t)v, (uint32_t)(v >> 32),
		    (int32_t)v, "exokernel", 'a' + (int)(v % 26));
	}
}
