#include "say.h"
// Wants a page when there is none.
int
main(void)
{
	struct page_op op = { PAGE_NEW, 0x400000, RIGHT_READ | RIGHT_WRITE, 0xffffffff, 0, 0 };
	int tries = 0;
	int32_t r;
	libos_init();
	op.cap = address(&SAVE->cap);
	for (int i = 0; i < 12; i++)
		yield(0);
	for (int k = 0; k < 12; k++) {
		for (;;) {
			op.pa = 0xffffffff;
			r = sys_pages(ENV_SELF, &op, 1, 0);
			if (r == 1 || tries > 300)
				break;
			tries++;
			yield(0);
		}
		say("got", r), say("tries", tries);
		op.va += 0x1000;
	}
	return 1;
}
