// Places for what is generated: windows SPACE_WINDOW and up of exo/kmap.h as runs of pages, for code that the kernel
// has made and for memory that it shares with programs. Given, in kernel/jit/space.c.
#pragma once

#include <exo/aspace.h>
#include <exo/kmap.h>
#include <exo/page.h>
#include <exo/types.h>

#define SPACE_WINDOW  16
#define SPACE_WINDOWS 16
#define SPACE_RUN     256		// pages of a run at most: a window's

// A run of pages; pages is 0 while there is none.
struct space {
	uint32_t window, first, pages;	// the window, its page number where the run begins, and how many there are
	physaddr_t pa[SPACE_RUN];	// held
};

// Where a run begins.
static inline void *
space_address(const struct space *s)
{
	return (uint8_t *)alias_address(s->window) + s->first * PAGE_SIZE;
}

// New pages of the kernel's with that code in them, executable and seen by the caches, the rest of the last one filled
// with UDF. The code has to run wherever it lies. -E_NOMEM: no pages, or no room; *s is empty then. -E_INVAL: no words.
int space_code(struct space *s, const uint32_t *code, uint32_t words);

// The application's pages from va on (page-aligned), so many, for the kernel to read and, if it says so, write, where
// the application may. They are held until space_free(), whatever becomes of the application. -E_INVAL: not page-aligned,
// or no pages, or too many; -E_FAULT: not all of them are the application's; -E_NOMEM. *s is empty then.
int space_share(struct space *s, const struct aspace *as, uint32_t va, uint32_t pages, bool write);

// Nothing is mapped there any more, and the pages are let go of. An empty one stays so.
void space_free(struct space *s);
