// Offers pages with the costs that the check says, and gives as many as it says; what happens meanwhile it tells.

#include <exo/page.h>
#include <libos/revoke.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#define PAGES 0x400000

enum { COST, SAVING, LOST, GIVEN };

static uint32_t
word(uint32_t i)
{
	return syscall(40, i, 0, 0, 0);
}

static uint32_t gone;

// Small ones change with each page that goes.
static uint32_t
cost(uint32_t va)
{
	uint32_t cost = word(2 + (va - PAGES) / PAGE_SIZE * 2);

	return cost < 1000 ? (cost + 3 * (va / PAGE_SIZE) + 5 * gone) % 16 : cost;
}

static void
lost(uint32_t va, bool saving)
{
	gone += saving;
	syscall(41, saving ? SAVING : LOST, va, 0, 0);
}

int
main(void)
{
	uint32_t offers = word(0), times = word(1);

	if (libos_init() < 0)
		return 1;
	revoke_init();
	for (uint32_t i = 0; i < offers; i++) {
		struct page_op op = { PAGE_NEW, PAGES + i * PAGE_SIZE, RIGHT_READ | RIGHT_WRITE, PAGE_ANY, address(&SAVE->cap), 0 };

		if (word(3 + i * 2))
			sys_pages(ENV_SELF, &op, 1, NULL);
		if (revoke_offer(op.va, 1, cost, lost) < 0)
			return 2;
	}
	for (uint32_t i = 0; i < times; i++)
		syscall(41, GIVEN, revoke_give(word(2 + offers * 2 + i)), 0, 0);
	return 0;
}
