#include "say.h"
// Has everything, and gives back what is asked for: the dirty last.
static uint32_t lost_count;
static uint32_t cost(uint32_t va) { return va % 0x2000 ? 1 : 2; }
static void lost(uint32_t va, bool saving)
{
	if (saving) say("gives", va / 4096), lost_count++;
}
int
main(void)
{
	struct page_op op = { PAGE_NEW, 0x400000, RIGHT_READ | RIGHT_WRITE, 0xffffffff, 0, 0 };
	int n = 0;
	libos_init();
	revoke_init();
	say("offer", revoke_offer(0x400000, 20, cost, lost));
	op.cap = address(&SAVE->cap);
	for (;;) {
		op.pa = 0xffffffff;
		if (sys_pages(ENV_SELF, &op, 1, 0) != 1)
			break;
		op.va += 0x1000;
		n++;
		if (n == 8000 || lost_count) break;
	}
	say("one has", n);
	for (int i = 0; i < 30; i++) yield(0);
	say("wanted", SAVE->wanted), say("repossessed", SAVE->repossessed);
	for (int i = 0; i < 30; i++) yield(0);
	return n;
}
