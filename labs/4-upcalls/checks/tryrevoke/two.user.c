#include "say.h"
// Takes the rest, never gives back, and guarantees itself its code, data and stack.
int
main(void)
{
	struct page_op op = { PAGE_NEW, 0x3000000, RIGHT_READ | RIGHT_WRITE, 0xffffffff, 0, 0 };
	int n = 0;
	libos_init();
	for (int i = 0; i < 8; i++)
		SAVE->guaranteed[i] = 0x10000 + 0x1000 * i;
	for (int i = 0; i < 4; i++)
		SAVE->guaranteed[8 + i] = 0x3ffec000 + 0x1000 * i;
	op.cap = address(&SAVE->cap);
	for (int i = 0; i < 8; i++) yield(0);
	for (;;) {
		op.pa = 0xffffffff;
		if (sys_pages(ENV_SELF, &op, 1, 0) != 1)
			break;
		op.va += 0x1000;
		n++;
	}
	say("two has", n);
	for (int i = 0; i < 100; i++) {
		yield(0);
		if (SAVE->repossessed) {
			say("two lost", SAVE->repossessed), say("first", SAVE->taken[0] / 4096);
			SAVE->repossessed = 0;
		}
	}
	return n;
}
