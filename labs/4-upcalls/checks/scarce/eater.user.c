// Takes all there is: environments, then pages.

#include <exo/error.h>
#include <libos/io.h>
#include <libos/memory.h>
#include <libos/process.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#define RW  (RIGHT_READ | RIGHT_WRITE)
#define EAT 0x08000000

static pinned uint32_t eaten;
static pinned struct page_op back[20];		// gives pages back, without writing anywhere

// All but so many pages, by system calls of our own.
static void
eat(uint32_t leave)
{
	struct page_op op = { PAGE_NEW, EAT + eaten * PAGE_SIZE, RW, PAGE_ANY, address(&SAVE->cap), 0 };

	while (sys_pages(ENV_SELF, &op, 1, NULL) == 1) {
		eaten++;
		op.va += PAGE_SIZE;
		op.pa = PAGE_ANY;
	}
	while (leave-- > 0) {
		op.kind = PAGE_UNMAP;
		op.va = EAT + --eaten * PAGE_SIZE;
		sys_pages(ENV_SELF, &op, 1, NULL);
	}
}

int
main(void)
{
	static int32_t child[64];
	int n = 0, fitted, forked;
	uint32_t ended;

	libos_init();
	child[0] = 0;
	while ((child[n] = fork()) > 0)
		n++;
	if (child[n] == 0)
		for (;;)
			yield(0);
	printf("forked %d, then %d\n", n, child[n]);
	for (int i = 0; i < n; i++)
		process_undo(child[i]);

	child[0] = 0;				// ours alone again, while there are pages
	for (fitted = 0; fitted < 100; fitted++) {
		uint32_t before;

		eat(fitted);
		before = eaten;
		for (int i = 0; i < 20; i++)
			back[i] = (struct page_op){ .kind = PAGE_UNMAP, .va = EAT + (eaten - 1 - i) * PAGE_SIZE };
		forked = fork();
		if (forked >= 0)
			sys_pages(ENV_SELF, back, 20, NULL);
		child[0] = forked;
		if (child[0] == 0)
			sys_exit(5);
		if (child[0] > 0)
			break;
		eat(fitted);
		if (child[0] != -E_NOMEM || eaten != before)
			printf("WRONG: %d with %d pages left, %d lost\n", child[0], fitted, before - eaten);
	}
	printf("forked with a few pages left: %d\n", fitted > 5);
	printf("its end: %d\n", wait(child[0], &ended));
	return 0;
}
