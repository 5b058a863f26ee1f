// The pager (libos/memory.h): regions are promises, kept when a page is touched.

#include <exo/aspace.h>
#include <exo/error.h>
#include <exo/todo.h>
#include <exo/upcall.h>
#include <libos/memory.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#define WRITE (1 << 11)			// of DFSR: WnR (DDI 0406C, B4.1.52)

int
region_begin(uint32_t va, uint32_t size, uint32_t prot)
{
	// BEGIN SOLUTION 4.4a
	if (!is_region(va, size) || prot == 0 || !is_prot(prot))
		return -E_INVAL;
	for (uint32_t at = va; at < va + size; at += PAGE_SIZE)
		if (state_check(state_of(at), 0) != -E_NOENT)
			return -E_EXISTS;
	for (uint32_t at = va; at < va + size; at += PAGE_SIZE) {
		if (state_table->add(at) < 0) {
			while (at > va)
				*state_of(at -= PAGE_SIZE) = 0;
			return -E_NOMEM;
		}
		*state_of(at) = STATE_OF(0, prot);
	}
	return 0;
	// INSTEAD
	//| // TODO 4.4: nothing is mapped here: the table learns of the pages, that is all.
	//| (void)va, (void)size, (void)prot;
	//| todo("4.4");
	//| return -E_INVAL;
	// END SOLUTION
}

int
region_end(uint32_t va, uint32_t size)
{
	// BEGIN SOLUTION 4.4b
	uint32_t n = 0;
	int error = is_region(va, size) ? 0 : -E_INVAL;

	for (uint32_t at = va; error == 0 && at < va + size; at += PAGE_SIZE)
		error = state_check(state_of(at), 0);
	if (error < 0)
		return error;
	for (uint32_t at = va; at < va + size; at += PAGE_SIZE) {
		uint32_t *s = state_of(at);

		if (*s & STATE_PA)
			batch[n++] = (struct page_op){ .kind = PAGE_UNMAP, .va = at };
		*s = 0;
		if (n == BATCH || at == va + size - PAGE_SIZE) {
			pages_do(ENV_SELF, batch, n);
			n = 0;
		}
	}
	return 0;
	// INSTEAD
	//| // TODO 4.4: pages that are there are unmapped, BATCH of them by one system call.
	//| (void)va, (void)size;
	//| todo("4.4");
	//| return -E_INVAL;
	// END SOLUTION
}

void
pager(uint32_t address, uint32_t cause)
{
	// BEGIN SOLUTION 4.4c
	uint32_t *s = state_of(address);
	struct page_op op = { PAGE_NEW, address & ~(PAGE_SIZE - 1), 0, PAGE_ANY, SAVE_VA, 0 };

	if (s == NULL || *s == 0 || *s & STATE_PA)
		unhandled("translation fault");
	if (cause & WRITE && *s & RIGHT_WRITE)
		*s &= ~STATE_CLEAN;
	op.prot = state_prot(*s);
	if (pages_do(ENV_SELF, &op, 1) < 0)
		unhandled("translation fault, and no page is left");
	*s |= op.pa;
	// INSTEAD
	//| // TODO 4.4: one system call; what the page may be used for is in its word. (SAVE->cap is at SAVE_VA.)
	//| (void)address, (void)cause;
	//| todo("4.4");
	// END SOLUTION
}
