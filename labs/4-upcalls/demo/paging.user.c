// Paging by the application: pages that are zero until touched, a clock that knows which were used, and when the kernel
// wants pages back, those that were not are put away: into a store of one word each, as that is all that they hold.

#include <libos/io.h>
#include <libos/memory.h>
#include <libos/revoke.h>
#include <libos/sys.h>
#include <libos/upcall.h>
#include "demo.h"

#define PAGES 40
#define AWAY  16
#define AT(i) ((volatile uint32_t *)(HEAP_VA + (i) * PAGE_SIZE))
#define INDEX(va) (((va) - HEAP_VA) / PAGE_SIZE)

static pinned bool used[PAGES];		// since the clock's hand came by
static pinned uint32_t store[PAGES];	// 0: nothing; a page never holds that
static pinned unsigned faults, uses, back, away, put_away[AWAY];

static void
translation(volatile struct upcall *slot, struct live *live)
{
	uint32_t i = INDEX(slot->address);

	(void)live;
	pager(slot->address, slot->cause);
	if (i >= PAGES)
		return;
	faults++;
	used[i] = true;
	if (store[i] != 0) {
		unprot(slot->address);
		*AT(i) = store[i];
		store[i] = 0;
		back++;
	}
}

static void
use(uint32_t address, bool write)
{
	(void)write;
	if (INDEX(address) >= PAGES)
		unhandled("trap");
	used[INDEX(address)] = true;
	uses++;
	unprot(address);
}

// The clock's hand: all pages are protected against everything, so that the first use of each is told.
static void
sweep(void)
{
	protN(HEAP_VA, PAGES, 0);
	for (unsigned i = 0; i < PAGES; i++)
		used[i] = false;
}

static uint32_t
cost(uint32_t va)
{
	return used[INDEX(va)] ? 2 : 1;
}

static void
lost(uint32_t va, bool saving)
{
	if (saving) {
		unprot(va);
		store[INDEX(va)] = *AT(INDEX(va));
		if (away < AWAY)
			put_away[away++] = INDEX(va);
	} else {
		*state_of(va) &= ~STATE_PA;
	}
}

int
main(void)
{
	unsigned right = 0;

	libos_init();
	revoke_init();
	on_translation(translation);
	on_trap(use);
	region_begin(HEAP_VA, PAGES * PAGE_SIZE, RIGHT_READ | RIGHT_WRITE);
	printf("paging: %u pages, and none is there yet\n", PAGES);
	for (unsigned i = 0; i < PAGES; i++)
		*AT(i) = i * i + 1;
	printf("paging: all written; %u faults brought them, zero\n", faults);
	yield(0);
	sweep();
	for (unsigned i = 0; i < PAGES; i++)
		if (i % 4 != 3)
			(void)*AT(i);
	printf("paging: since the clock's hand came by, %u are used\n", uses);
	revoke_offer(HEAP_VA, PAGES, cost, lost);
	syscall(SYS_SCARCE, 0, 0, 0, 0);
	yield(0);
	printf(away > 0 ? "paging: put away, and none that was used:" : "paging: nobody asked");
	for (unsigned i = 0; i < away; i++)
		printf(" %u", put_away[i]);
	printf("\n");
	for (unsigned i = 0; i < PAGES; i++)
		right += *AT(i) == i * i + 1;
	printf("paging: %u come back as they are read, and %u of %u are right\n", back, right, PAGES);
	return 0;
}
