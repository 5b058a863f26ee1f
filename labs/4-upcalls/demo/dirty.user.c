// Checkpoints: what was written since the last one, and nothing else, is saved.

#include <libos/io.h>
#include <libos/memory.h>
#include <libos/upcall.h>

#define PAGES 20
#define AT(i) ((volatile uint32_t *)(HEAP_VA + (i) * PAGE_SIZE))

int
main(void)
{
	libos_init();
	region_begin(HEAP_VA, PAGES * PAGE_SIZE, RIGHT_READ | RIGHT_WRITE);
	for (unsigned i = 0; i < PAGES; i++)
		*AT(i) = 0;
	for (unsigned round = 1; round <= 3; round++) {
		unsigned saved = 0;

		page_clean(HEAP_VA, PAGES);
		yield(0);
		for (unsigned n = 0; n < 100; n++)
			++*AT(n % (4 * round));
		for (unsigned i = 0; i < PAGES; i++)
			saved += page_dirty(HEAP_VA + i * PAGE_SIZE);
		printf("dirty: checkpoint %u: 100 writes, %u of %u pages to save\n", round, saved, PAGES);
	}
	return 0;
}
