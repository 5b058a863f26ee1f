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
	// TODO 4.4: nothing is mapped here: the table learns of the pages, that is all.
	(void)va, (void)size, (void)prot;
	todo("4.4");
	return -E_INVAL;
}

int
region_end(uint32_t va, uint32_t size)
{
	// TODO 4.4: pages that are there are unmapped, BATCH of them by one system call.
	(void)va, (void)size;
	todo("4.4");
	return -E_INVAL;
}

void
pager(uint32_t address, uint32_t cause)
{
	// TODO 4.4: one system call; what the page may be used for is in its word. (SAVE->cap is at SAVE_VA.)
	(void)address, (void)cause;
	todo("4.4");
}
