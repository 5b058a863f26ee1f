// Protection as applications use it (libos/memory.h): Appel and Li's primitives, and dirty bits.

#include <exo/aspace.h>
#include <exo/error.h>
#include <exo/todo.h>
#include <exo/upcall.h>
#include <libos/memory.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#define WRITE (1 << 11)			// of DFSR: WnR (DDI 0406C, B4.1.52)

static void
nobody(uint32_t address, bool write)
{
	(void)address, (void)write;
	unhandled("permission fault");
}

static trap_handler *trap = nobody;

void
on_trap(trap_handler *handler)
{
	trap = handler == NULL ? nobody : handler;
}

// TODO 4.5: what protN(), unprotN() and page_clean() have in common is a good function by itself.

int
prot1(uint32_t va, uint32_t prot)
{
	// TODO 4.5: the word, then the kernel.
	(void)va, (void)prot;
	todo("4.5");
	return -E_INVAL;
}

int
protN(uint32_t va, uint32_t count, uint32_t prot)
{
	// TODO 4.5: all the pages are looked at before any of them is changed.
	(void)va, (void)count, (void)prot;
	todo("4.5");
	return -E_INVAL;
}

int
unprot(uint32_t va)
{
	// TODO 4.5: this one has to be quick.
	(void)va;
	todo("4.5");
	return -E_INVAL;
}

int
unprotN(uint32_t va, uint32_t count)
{
	// TODO 4.5: as protN().
	(void)va, (void)count;
	todo("4.5");
	return -E_INVAL;
}

int
page_clean(uint32_t va, uint32_t count)
{
	// TODO 4.5: as protN(), with another bit of the word.
	(void)va, (void)count;
	todo("4.5");
	return -E_INVAL;
}

bool
page_dirty(uint32_t va)
{
	// TODO 4.5: the word knows.
	(void)va;
	todo("4.5");
	return false;
}

void
protection_fault(uint32_t address, uint32_t cause)
{
	// TODO 4.5: whose is it: ours (noted, or copied by page_copy()), the trap handler's, nobody's?
	(void)address, (void)cause;
	todo("4.5");
}
