// Step 4.9: environments with more or fewer pages, of which the kernel wants some back, as the run's input says
// (script.h).

#include "script.h"

// A machine with few pages, so that it takes little time to have none.
__asm__(".global pages_end\n.set pages_end, 0x40800000");

static void
heap(uint32_t i)
{
	const uint32_t rw = RIGHT_READ | RIGHT_WRITE;
	physaddr_t pa;

	for (uint32_t va = HEAP; va < HEAP + script()->pages[i] * PAGE_SIZE; va += PAGE_SIZE) {
		page_alloc(PAGE_ANY, envs[i].id, &envs[i].guard, &pa);
		as_map(&envs[i].as, va, pa, rw, rw);
		page_release(pa);
	}
}

void
check_main(void)
{
	uint32_t free = page_free_count();

	revoke_ask();			// of nobody
	if (revocation.unwritten)
		todo("4.9");
	with_memory = true;
	script_envs();
	for (uint32_t i = 0; i < script()->envs; i++)
		heap(i);
	exhaust();
	script_run();
	as_destroy(&space);
	leaked = free - exhausted - page_free_count();
}
