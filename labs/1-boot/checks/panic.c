// Panics with numbers from the seed, with every exception let through before.

#include <exo/check.h>
#include <exo/panic.h>

void
check_main(void)
{
	uint64_t state = params()->seed;
	uint32_t a = random64(&state);
	uint32_t b = random64(&state);

	__asm__ volatile("cpsie aif" : : : "memory");
	panic("page %u of %s is not at 0x%08x", a, "nobody", b);	// PANIC
}
