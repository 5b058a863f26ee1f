#include <exo/error.h>
#include <libos/sys.h>
#include <libos/upcall.h>
#define SAY(text) sys_write(text, sizeof text - 1)


static uint32_t *page = (uint32_t *)0x100000;

static void
pager(volatile struct upcall *slot, struct live *live)
{
	struct page_op op = { PAGE_NEW, slot->address & ~(PAGE_SIZE - 1), RIGHT_READ | RIGHT_WRITE, 0xffffffff, address(&SAVE->cap), 0 };
	int r;
	(void)live;
	r = sys_pages(ENV_SELF, &op, 1, 0);
	SAY("fault\n");
	if (r != 1) SAY("bad\n"), sys_exit(r);
}

static void
undef(volatile struct upcall *slot, struct live *live)
{
	(void)live;
	SAY("undef\n");
	slot->pc += 4;
}

int
main(void)
{
	libos_init();
	on_translation(pager);
	on_undefined(undef);
	page[3] = 42;
	if (page[3] == 42) SAY("ok\n");
	__asm__ volatile("udf #0");
	SAY("yield\n");
	for (int i = 0; i < 3; i++) {
		yield(0);
		if (SAVE->cap.name[0] == 'a') SAY("a\n"); else SAY("b\n");
	}
	for (int i = 0; i < 5; i++) {
	for (volatile int k = 0; k < 30000; k++) ;
		if (SAVE->cap.name[0] == 'a') SAY("a\n"); else SAY("b\n");
	}
	page[1000000] = 1;
	return 7;
}
