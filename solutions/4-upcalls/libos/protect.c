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

// BEGIN SOLUTION 4.5a
// The kernel is told what the word says, if there is a page to tell of. -E_NOENT: not known.
static inline int
tell(uint32_t va, uint32_t s)
{
	if (s & STATE_PA)
		return sys_protect(va & ~(PAGE_SIZE - 1), state_prot(s));
	return s == 0 ? -E_NOENT : 0;
}

// A write to a page that may be written, and has not been since it was cleaned, or since a fork.
static void __attribute__((noinline))
first_write(uint32_t va, uint32_t *s)
{
	*s &= ~STATE_CLEAN;
	if (!(*s & STATE_SHARED))
		tell(va, *s);
	else if (page_copy(va, s) < 0)
		unhandled("permission fault, and no page is left");
}

// For the words of many pages: clear these bits, set those; of STATE_PROT what each page was declared for.
static inline int __attribute__((always_inline))
change(uint32_t va, uint32_t count, uint32_t need, uint32_t clear, uint32_t set)
{
	struct page_op *op = batch;
	uint32_t end = (va &= ~(PAGE_SIZE - 1)) + count * PAGE_SIZE;
	int error = count == 0 || count > (USER_TOP - va) / PAGE_SIZE ? -E_INVAL : 0;

	for (uint32_t at = va; error == 0 && at < end; at += PAGE_SIZE)
		error = state_check(state_of(at), need);
	if (error < 0)
		return error;
	for (uint32_t at = va; at < end; at += PAGE_SIZE) {
		uint32_t *s = state_of(at), before = state_prot(*s);

		*s = (*s & ~clear) | (set & (*s >> 4 | ~STATE_PROT));
		if (!(*s & STATE_PA) || state_prot(*s) == before)
			continue;
		op->kind = PAGE_PROTECT;
		op->va = at;
		op->prot = state_prot(*s);
		if (++op == batch + BATCH) {
			pages_do(ENV_SELF, batch, BATCH);
			op = batch;
		}
	}
	return pages_do(ENV_SELF, batch, op - batch);
}
// INSTEAD
//| // TODO 4.5: what protN(), unprotN() and page_clean() have in common is a good function by itself.
// END SOLUTION

int
prot1(uint32_t va, uint32_t prot)
{
	// BEGIN SOLUTION 4.5b
	uint32_t *s = state_of(va);
	int error = is_prot(prot) ? state_check(s, prot) : -E_INVAL;

	if (error < 0)
		return error;
	*s = (*s & ~STATE_PROT) | prot;
	return tell(va, *s);
	// INSTEAD
	//| // TODO 4.5: the word, then the kernel.
	//| (void)va, (void)prot;
	//| todo("4.5");
	//| return -E_INVAL;
	// END SOLUTION
}

int
protN(uint32_t va, uint32_t count, uint32_t prot)
{
	// BEGIN SOLUTION 4.5c
	return is_prot(prot) ? change(va, count, prot, STATE_PROT, prot) : -E_INVAL;
	// INSTEAD
	//| // TODO 4.5: all the pages are looked at before any of them is changed.
	//| (void)va, (void)count, (void)prot;
	//| todo("4.5");
	//| return -E_INVAL;
	// END SOLUTION
}

int
unprot(uint32_t va)
{
	// BEGIN SOLUTION 4.5d
	uint32_t *s = state_of(va);

	if (s == NULL)
		return -E_NOENT;
	*s |= (*s & STATE_MOST) >> 4;
	return tell(va, *s);
	// INSTEAD
	//| // TODO 4.5: this one has to be quick.
	//| (void)va;
	//| todo("4.5");
	//| return -E_INVAL;
	// END SOLUTION
}

int
unprotN(uint32_t va, uint32_t count)
{
	// BEGIN SOLUTION 4.5e
	return change(va, count, 0, 0, STATE_PROT);
	// INSTEAD
	//| // TODO 4.5: as protN().
	//| (void)va, (void)count;
	//| todo("4.5");
	//| return -E_INVAL;
	// END SOLUTION
}

int
page_clean(uint32_t va, uint32_t count)
{
	// BEGIN SOLUTION 4.5f
	return change(va, count, 0, 0, STATE_CLEAN);
	// INSTEAD
	//| // TODO 4.5: as protN(), with another bit of the word.
	//| (void)va, (void)count;
	//| todo("4.5");
	//| return -E_INVAL;
	// END SOLUTION
}

bool
page_dirty(uint32_t va)
{
	// BEGIN SOLUTION 4.5g
	const uint32_t *s = state_of(va);

	return s != NULL && *s & STATE_PA && !(*s & STATE_CLEAN);
	// INSTEAD
	//| // TODO 4.5: the word knows.
	//| (void)va;
	//| todo("4.5");
	//| return false;
	// END SOLUTION
}

void
protection_fault(uint32_t address, uint32_t cause)
{
	// BEGIN SOLUTION 4.5h
	uint32_t *s = state_of(address);

	if (s != NULL && *s & (STATE_CLEAN | STATE_SHARED) && *s & RIGHT_WRITE && cause & WRITE)
		first_write(address & ~(PAGE_SIZE - 1), s);
	else
		trap(address, cause & WRITE);
	// INSTEAD
	//| // TODO 4.5: whose is it: ours (noted, or copied by page_copy()), the trap handler's, nobody's?
	//| (void)address, (void)cause;
	//| todo("4.5");
	// END SOLUTION
}
