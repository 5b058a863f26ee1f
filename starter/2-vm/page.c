// Physical pages (exo/page.h): a table with one entry for each page of RAM, and a list of those
// that are free. The table lies in the first pages of what it describes.

#include <exo/board.h>
#include <exo/error.h>
#include <exo/page.h>
#include <exo/string.h>
#include <exo/todo.h>

static struct page *pages;		// [0] is the page at `first`
static physaddr_t first, last;		// what can be allocated
static uint32_t nfree;

// The free pages, in a ring through this one, which is none.
static struct page free_list;

static physaddr_t
address_of(const struct page *page)
{
	return first + (page - pages) * PAGE_SIZE;
}

static void
list_insert(struct page *page)
{
	page->next = free_list.next;
	page->prev = &free_list;
	page->next->prev = page;
	free_list.next = page;
	nfree++;
}

static void
list_remove(struct page *page)
{
	page->next->prev = page->prev;
	page->prev->next = page->next;
	page->next = page->prev = NULL;
	nfree--;
}

void
page_init(physaddr_t from, physaddr_t to)
{
	uint32_t count = (to - from) / PAGE_SIZE;
	uint32_t table = (count * sizeof(struct page) + PAGE_SIZE - 1) / PAGE_SIZE;

	pages = p2v(from);
	first = from + table * PAGE_SIZE;
	last = to;
	nfree = 0;
	free_list.next = free_list.prev = &free_list;
	memset(pages, 0, (count - table) * sizeof(struct page));
	for (uint32_t i = count - table; i-- > 0; )	// so that the lowest is the first
		list_insert(&pages[i]);
}

struct page *
page_at(physaddr_t pa)
{
	// TODO 2.1: null, unless pa is the start of a page between `first` and `last`.
	(void)pa;
	todo("2.1");
	return NULL;
}

int
page_alloc(physaddr_t pa, uint32_t owner, const struct guard *guard, physaddr_t *found)
{
	// TODO 2.1: find it, refuse what the contract refuses, take it off the list, fill in its entry, clear its bytes.
	(void)pa, (void)owner, (void)guard, (void)found, (void)address_of, (void)list_remove;
	todo("2.1");
	return -E_NOMEM;
}

int
page_hold(physaddr_t pa)
{
	// TODO 2.1: one more holder, unless the page is free or none of ours.
	(void)pa;
	todo("2.1");
	return -E_INVAL;
}

int
page_release(physaddr_t pa)
{
	// TODO 2.1: one holder less; after the last, nobody's: clear the entry and put it on the list.
	(void)pa;
	todo("2.1");
	return -E_INVAL;
}

uint32_t
page_free_count(void)
{
	return nfree;
}
