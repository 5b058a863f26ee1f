// Appel and Li's operations (ASPLOS '91) on this libOS, eight times each, in slices of their own. TABLE is the page
// table.

#include <libos/memory.h>
#include <libos/process.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#ifndef TABLE
#define TABLE state_linear
#endif

#define R     RIGHT_READ
#define RW    (RIGHT_READ | RIGHT_WRITE)
#define PAGES 100
#define AT    0x00800000
#define FRESH 0x00c00000

void null(void), dirty_once(uint32_t va), prot1_once(uint32_t va, uint32_t prot);
void prot_once(uint32_t va, uint32_t count, uint32_t prot), unprot_once(uint32_t va, uint32_t count);
void trap_once(uint32_t va), unprotect_once(uint32_t va), appel1_once(uint32_t va), appel2_once(void), appel2(void);
void zero_once(uint32_t va), clean_once(uint32_t va);
int32_t fork_once(void);

static pinned uint32_t other;

// Nothing is done about it: the store is skipped.
static void
skip(uint32_t va, bool write)
{
	(void)va, (void)write;
	SAVE->exception.pc += 4;
}

static void
open_it(uint32_t va, bool write)
{
	(void)write;
	unprot(va);
}

// prot1+trap+unprot: another page is protected, this one is not any more.
static void
open_one_close_another(uint32_t va, bool write)
{
	(void)write;
	prot1(other, R);
	unprot(va);
}

// protN+trap+unprot: all are protected, and each is opened by its fault. 37 has no factor in common with their number.
void
appel2(void)
{
	protN(AT, PAGES, R);
	for (uint32_t i = 0, page = 0; i < PAGES; i++, page = (page + 37) % PAGES)
		*(volatile uint32_t *)(AT + page * PAGE_SIZE) = i;
}

static void
write_all(void)
{
	for (uint32_t i = 0; i < PAGES; i++)
		*(volatile uint32_t *)(AT + i * PAGE_SIZE) = i;
}

int
main(void)
{
	int32_t child;

	state_table = &TABLE;
	if (libos_init() < 0 || region_begin(AT, PAGES * PAGE_SIZE, RW) < 0 ||
	    region_begin(FRESH, 9 * PAGE_SIZE, RW) < 0)
		return 1;
	*(volatile uint32_t *)(FRESH + 8 * PAGE_SIZE) = 1;	// so that there is a table
	write_all();
	for (uint32_t i = 0; i < 8; i++) {
		yield(0);			// what follows fits into one slice
		null();
		dirty_once(AT);
		prot1_once(AT, R);
		on_trap(skip);
		trap_once(AT);
		on_trap(open_it);
		unprotect_once(AT);
		page_clean(AT, 1);
		clean_once(AT);
		zero_once(FRESH + i * PAGE_SIZE);
		prot_once(AT, PAGES, R);
		unprot_once(AT, PAGES);
		prot1(AT, R);
		other = AT + PAGE_SIZE;
		on_trap(open_one_close_another);
		appel1_once(AT);
		unprot(other);
		on_trap(open_it);
		yield(0);
		appel2_once();
	}
	for (uint32_t i = 0; i < 8; i++) {
		write_all();			// so that none is shared
		yield(0);
		child = fork_once();
		if (child == 0)
			sys_exit(0);
		wait(child, NULL);
	}
	return 0;
}
