// Physical pages as secure bindings (Engler, Kaashoek and O'Toole, SOSP '95, section 3.1): lab 2's
// contract, step 2.1. The kernel knows of each page who owns it, how many hold it, and the guard
// that a capability has to fit; what the page is used for it does not know.
//
// RAM from the image's end up to the parameter block is pages that can be allocated; every other
// physical address is nobody's, and each function below says so.
#pragma once

#include <exo/cap.h>
#include <exo/mmu.h>
#include <exo/types.h>

#define PAGE_ANY     0xffffffffu	// page_alloc: whichever page is free
#define OWNER_NONE   0			// of a free page
#define OWNER_KERNEL 1

struct page {
	struct guard guard;	// what a capability must fit; zero while the page is free
	uint32_t refs;		// how many hold it; 0: free
	uint32_t owner;		// OWNER_NONE exactly while free
	struct page *next, *prev;	// the list of free pages; null while allocated
};

// Make all RAM from first (page-aligned) to last (exclusive) free. Once, before all else here.
void page_init(physaddr_t first, physaddr_t last);

// Allocate the page at pa, or any for PAGE_ANY: filled with zeros, held once, with this owner and
// guard. Returns its physical address in *found. -E_INVAL: pa is no page of ours, or owner is
// OWNER_NONE; -E_EXISTS: it is not free; -E_NOMEM: none is free. Where several are so, any of them.
// Nothing has changed then, nor has *found.
int page_alloc(physaddr_t pa, uint32_t owner, const struct guard *guard, physaddr_t *found);

// Hold an allocated page once more. -E_INVAL: pa is no page of ours, or free.
int page_hold(physaddr_t pa);

// Let go of a page; whoever does so last frees it. -E_INVAL: pa is no page of ours, or free.
int page_release(physaddr_t pa);

// What is known of the page at pa; null if pa is no page of ours. Owned by the kernel; valid for
// ever.
struct page *page_at(physaddr_t pa);

// How many pages are free.
uint32_t page_free_count(void);
