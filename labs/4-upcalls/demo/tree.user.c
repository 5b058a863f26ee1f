// A tree of processes by fork, each with all that its parent had: shared until one of the two writes.

#include <libos/io.h>
#include <libos/memory.h>
#include <libos/process.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#define PAGES 16
#define AT(i) ((volatile uint32_t *)(HEAP_VA + (i) * PAGE_SIZE))

static uint32_t
page(unsigned i)
{
	return *state_of(HEAP_VA + i * PAGE_SIZE) & STATE_PA;
}

static uint32_t
sum(void)
{
	uint32_t s = 0;

	for (unsigned i = 0; i < PAGES; i++)
		s += *AT(i);
	return s;
}

// How many processes there are from here on down.
static int
node(unsigned number, unsigned depth)
{
	unsigned copied = 0, nodes = 1;
	physaddr_t before[PAGES];

	for (unsigned i = 0; i < PAGES; i++)
		before[i] = page(i);
	for (unsigned i = 0; i < number; i++)
		*AT(i) += number;
	for (unsigned i = 0; i < PAGES; i++)
		copied += page(i) != before[i];
	printf("tree: process %u writes to %u of %u pages, %u are copied; its sum is %u\n", number, number, PAGES, copied,
	    sum());
	for (unsigned i = 0; i < 2 && depth > 0; i++) {
		int32_t child = fork();

		if (child == 0)
			sys_exit(node(2 * number + i, depth - 1));
		nodes += wait(child, NULL);
	}
	return nodes;
}

int
main(void)
{
	int nodes;

	libos_init();
	region_begin(HEAP_VA, PAGES * PAGE_SIZE, RIGHT_READ | RIGHT_WRITE);
	for (unsigned i = 0; i < PAGES; i++)
		*AT(i) = 1;
	nodes = node(1, 2);
	printf("tree: %d processes, and the first one's sum is still %u\n", nodes, sum());
	return 0;
}
