// An application's memory, as its libOS keeps it. The kernel maps, protects and unmaps pages and has no opinion; what
// a page is *for* stands in a table of the application's own, one word for each page that it knows. The pager, Appel
// and Li's primitives (ASPLOS '91) and copy-on-write are three readers and writers of that word, and state_prot() is
// all that they have in common: what the kernel is to be told follows from the word, always.
//
// The table is the application's, so its form is too: linear, or inverted (struct state_table).
//
// Nothing that handles a fault may fault. So what handlers touch is `pinned`: always there, always writable, copied
// by fork before the child runs. The stacks of upcalls and all of this are; a handler's own variables have to be made
// so. Nor does the kernel fault for an application: what a system call writes to has to be writable by then (write to
// it first).
#pragma once

#include <exo/cap.h>
#include <exo/error.h>
#include <exo/mmu.h>
#include <exo/page.h>
#include <exo/types.h>
#include <exo/upcall.h>

#define pinned __attribute__((section(".bss.pinned")))	// zero at first

// The libOS's own addresses; below LIBOS_VA all is the application's.
#define HEAP_VA   0x20000000
#define HEAP_SIZE 0x10000000
#define LIBOS_VA  0x3fc00000
#define STATE_VA  LIBOS_VA			// the table, up to a megabyte
#define TEMP_VA   0x3fe00000			// pages mapped for a moment, a megabyte of them

// A page's word; 0: not known.
#define STATE_PROT    0x007		// RIGHT_READ, _WRITE, _EXEC: what the application may do with it now,
#define STATE_MOST    0x070		// and what it may at most, as its region was declared
#define STATE_PINNED  0x008		// of `pinned`, or of the table; never protected, watched or shared
#define STATE_SHARED  0x080		// shared with another environment since a fork: copied before it is written
#define STATE_CLEAN   0x100		// not written since page_clean(): the first write is noted
#define STATE_PA      0xfffff000	// the page; 0: none yet, and zeros when it is touched

#define STATE_OF(pa, prot) ((pa) | (prot) << 4 | (prot))

// What the page is to be mapped for.
static inline uint32_t
state_prot(uint32_t s)
{
	uint32_t prot = s & STATE_PROT;

	if (s & (STATE_SHARED | STATE_CLEAN))
		prot &= ~RIGHT_WRITE;
	return prot;
}

// Given, in kernel/libos/state.c: the table.
//
// find: the word of the page that va lies in, where state_pages has none; null: there is no place for it; add: a place
// for it, 0 or -E_NOMEM, which is the page's own once its word is not 0 (so write the word before the next add); next:
// the next page known, in whatever order: *cursor is 0 at first, va of the page goes to *va; null: no more.
struct state_table {
	uint32_t *(*find)(uint32_t va);
	int (*add)(uint32_t va);
	uint32_t *(*next)(uint32_t *cursor, uint32_t *va);
};

extern const struct state_table state_linear, state_inverted;
extern const struct state_table *state_table;	// state_linear; may be set before libos_init(), not later

// Of state_linear: 1024 words for 4 MB each, or null; for any address, so that none has to be checked.
extern uint32_t *state_pages[1024];

// The word of the page that va lies in; null or a pointer to 0: not known. A few instructions where a linear table has
// words, a call to the table's own find() else.
static inline uint32_t *
state_of(uint32_t va)
{
	uint32_t *words = state_pages[va >> 22];

	if (__builtin_expect(words == NULL, 0))
		return state_table->find(va);
	return &words[va >> 12 & 1023];
}

// What is to be asked of a page, by its word, before that is changed: 0; -E_NOENT: it is not known; -E_PERM: it is
// pinned, or was not declared for prot.
static inline int
state_check(const uint32_t *s, uint32_t prot)
{
	if (s == NULL || *s == 0)
		return -E_NOENT;
	return *s & STATE_PINNED || prot & ~(*s >> 4) ? -E_PERM : 0;
}

// Page operations are batched through this array, which has one user at a time: region_begin(), region_end(),
// protN(), unprotN(), page_clean() and fork(). None of them is for handlers.
#define BATCH 100
extern struct page_op batch[BATCH];

// Page operations for an environment (sys_pages), all or an error: 0, or what the first that failed returns.
int pages_do(uint32_t env, struct page_op *ops, uint32_t count);

// Make the table know what is mapped already (by whoever loaded the program), as the kernel's tables say it.
// Part of libos_init().
int state_adopt(void);

// Whether that may be a region's place.
static inline bool
is_region(uint32_t va, uint32_t size)
{
	return va % PAGE_SIZE == 0 && size % PAGE_SIZE == 0 && va != 0 && size != 0 && va < LIBOS_VA &&
	    size <= LIBOS_VA - va;
}

// Step 4.4, in pager.c. Regions: pages that are zero, and that appear when they are touched.
//
// Declare size bytes from va on (both in whole pages, not 0; below LIBOS_VA, not in page 0) as a region that may be
// used for prot, one of READ, READ and WRITE, READ and EXEC. No system call but what the table needs. -E_INVAL;
// -E_EXISTS: a page of it is known already; -E_NOMEM. Nothing has changed then. Here and below, where several are so,
// any of them.
int region_begin(uint32_t va, uint32_t size, uint32_t prot);

// Forget the pages from va on, whatever they have been through, and let go of those that are there, by one system call
// for each BATCH of them. -E_INVAL as above; -E_NOENT: one of them is not known; -E_PERM: one is pinned. Nothing has
// changed then.
int region_end(uint32_t va, uint32_t size);

// A translation fault at `address`, of data or of an instruction; cause is DFSR or IFSR. A page known but not there yet
// appears, by one system call, mapped as its word says; a write is noted. Everything else, and when no page is left:
// unhandled().
void pager(uint32_t address, uint32_t cause);

// Step 4.5, in protect.c. Appel and Li's primitives. Any address in a page names the page. Each returns 0; -E_NOENT:
// a page is not known; -E_INVAL: prot is none of the four, or count is 0; -E_PERM: the page is pinned, or prot is
// more than its region was declared for. Nothing has changed then. A page that is not there yet will appear so.
int prot1(uint32_t va, uint32_t prot);			// one page, by one system call at most; for handlers too
int protN(uint32_t va, uint32_t count, uint32_t prot);	// pages in a row, by one system call for each BATCH of them
// As declared, by one system call at most; for handlers too; 0 for a pinned page, which is never protected.
int unprot(uint32_t va);
int unprotN(uint32_t va, uint32_t count);		// -E_PERM for a pinned page, as protN()

// Called, on the exception stack, when the application does what a page's protection does not allow: it wrote, or it
// read or fetched. What it interrupted tries again when it returns, as often as it takes. Null: nobody, and it is
// unhandled().
typedef void trap_handler(uint32_t address, bool write);
void on_trap(trap_handler *handler);			// not for handlers

// Dirty bits. page_clean(): from now on the page is not dirty until it is written, and then it is; -E_NOENT, -E_PERM:
// pinned. page_dirty(): it is there and has been written since (for one never cleaned: maybe); no system call.
int page_clean(uint32_t va, uint32_t count);
bool page_dirty(uint32_t va);

// A permission fault at `address`. A write that the page's word allows is noted, and copies the page if it is shared.
// All else is the trap handler's.
void protection_fault(uint32_t address, uint32_t cause);

// Step 4.6, in fork.c (libos/process.h): put a copy of its own in the place of a shared page, mapped as *state then
// says. 0, or -E_NOMEM.
int page_copy(uint32_t va, uint32_t *state);

// Given, in kernel/libos/heap.c: memory in multiples of eight bytes, out of regions from HEAP_VA on. Null: none is
// left. Not for handlers.
void *malloc(size_t size);
void free(void *p);
