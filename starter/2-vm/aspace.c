// An application's translation tables (exo/aspace.h): walk, map, unmap, protect, look up, free.

#include <exo/arm.h>
#include <exo/aspace.h>
#include <exo/board.h>
#include <exo/error.h>
#include <exo/page.h>
#include <exo/todo.h>

#define STRETCH      0x400000			// bytes that one page of second-level tables translates
#define PAGE_ENTRIES (PAGE_SIZE / 4)		// entries of such a page: its four tables are one array

static const struct guard tables;		// the empty guard

// Whether va is one that can be mapped.
static bool
is_user(uint32_t va)
{
	return va % PAGE_SIZE == 0 && va >= PAGE_SIZE && va < USER_TOP;
}

// The four first-level entries of va's stretch.
static uint32_t *
l1_entries(const struct aspace *as, uint32_t va)
{
	return (uint32_t *)p2v(as->l1) + va / STRETCH * 4;
}

// The page of second-level tables that four first-level entries lead to; 0 if there is none.
static physaddr_t
table_of(const uint32_t *l1)
{
	return (l1[0] & L1_TYPE) == L1_TABLE ? l1[0] & L1_TABLE_PA : 0;
}

// The second-level entry of va; null if it has no table.
static uint32_t *
walk(const struct aspace *as, uint32_t va)
{
	// TODO 2.4: from the first level to the page of tables, and in it to va's entry.
	(void)as, (void)va, (void)table_of, (void)l1_entries;
	todo("2.4");
	return NULL;
}

// A second-level entry for the page at pa.
static uint32_t
descriptor(physaddr_t pa, uint32_t prot, uint32_t rights)
{
	// TODO 2.4: a small page, not global, Normal memory; AP and XN say prot, TEX[1] and TEX[2] remember rights.
	(void)pa, (void)prot, (void)rights;
	todo("2.4");
	return 0;
}

// What a second-level entry that is valid says.
static struct mapping
described(uint32_t entry)
{
	struct mapping m = { entry & L2_PA, 0, RIGHT_READ };

	// TODO 2.4: the reverse of descriptor().
	todo("2.4");
	return m;
}

int
as_create(struct aspace *as, uint32_t owner, uint32_t asid)
{
	int error;

	if (asid == 0 || asid >= ASID_COUNT)
		return -E_INVAL;
	as->asid = asid;
	as->owner = owner;
	error = page_alloc(PAGE_ANY, owner, &tables, &as->l1);
	tlb_publish();			// as_switch may have it walked before anything is mapped
	return error;
}

int
as_map(struct aspace *as, uint32_t va, physaddr_t pa, uint32_t prot, uint32_t rights)
{
	// TODO 2.4: refuse what the contract refuses; hold the page; see that there is a table; write the entry; make it seen.
	(void)as, (void)va, (void)pa, (void)prot, (void)rights, (void)is_user, (void)is_prot, (void)walk, (void)descriptor;
	todo("2.4");
	return -E_NOMEM;
}

int
as_unmap(struct aspace *as, uint32_t va)
{
	// TODO 2.4: clear the entry, and with the last one the table; flush; only then let go of the pages.
	(void)as, (void)va;
	todo("2.4");
	return -E_NOENT;
}

int
as_protect(struct aspace *as, uint32_t va, uint32_t prot)
{
	// TODO 2.4: within the rights recorded, and seen by the very next access.
	(void)as, (void)va, (void)prot;
	todo("2.4");
	return -E_NOENT;
}

int
as_lookup(const struct aspace *as, uint32_t va, struct mapping *found)
{
	// TODO 2.4: walk, and tell.
	(void)as, (void)va, (void)found, (void)described;
	todo("2.4");
	return -E_NOENT;
}

void
as_destroy(struct aspace *as)
{
	// TODO 2.4: every page mapped, every table, the first level; and the TLB.
	(void)as;
	todo("2.4");
}
