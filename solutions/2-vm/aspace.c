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
	// BEGIN SOLUTION 2.4a
	physaddr_t table = table_of(l1_entries(as, va));

	if (table == 0)
		return NULL;
	return (uint32_t *)p2v(table) + va % STRETCH / PAGE_SIZE;
	// INSTEAD
	//| // TODO 2.4: from the first level to the page of tables, and in it to va's entry.
	//| (void)as, (void)va, (void)table_of, (void)l1_entries;
	//| todo("2.4");
	//| return NULL;
	// END SOLUTION
}

// A second-level entry for the page at pa.
static uint32_t
descriptor(physaddr_t pa, uint32_t prot, uint32_t rights)
{
	// BEGIN SOLUTION 2.4b
	uint32_t entry = pa | L2_SMALL | L2_NG | L2_C | L2_B;

	if (prot & RIGHT_READ)
		entry |= prot & RIGHT_WRITE ? L2_AP0 | L2_AP1 : L2_AP0 | L2_AP1 | L2_AP2;
	if (!(prot & RIGHT_EXEC))
		entry |= L2_XN;
	if (rights & RIGHT_WRITE)
		entry |= L2_TEX1;
	if (rights & RIGHT_EXEC)
		entry |= L2_TEX2;
	return entry;
	// INSTEAD
	//| // TODO 2.4: a small page, not global, Normal memory; AP and XN say prot, TEX[1] and TEX[2] remember rights.
	//| (void)pa, (void)prot, (void)rights;
	//| todo("2.4");
	//| return 0;
	// END SOLUTION
}

// What a second-level entry that is valid says.
static struct mapping
described(uint32_t entry)
{
	struct mapping m = { entry & L2_PA, 0, RIGHT_READ };

	// BEGIN SOLUTION 2.4c
	if (entry & L2_AP1) {
		m.prot = RIGHT_READ;
		if (!(entry & L2_AP2))
			m.prot |= RIGHT_WRITE;
		if (!(entry & L2_XN))
			m.prot |= RIGHT_EXEC;
	}
	if (entry & L2_TEX1)
		m.rights |= RIGHT_WRITE;
	if (entry & L2_TEX2)
		m.rights |= RIGHT_EXEC;
	// INSTEAD
	//| // TODO 2.4: the reverse of descriptor().
	//| todo("2.4");
	// END SOLUTION
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
	// BEGIN SOLUTION 2.4d
	uint32_t *l1, *entry;
	physaddr_t table;
	int error;

	if (!is_user(va) || !is_prot(prot))
		return -E_INVAL;
	if ((prot & ~rights) != 0)
		return -E_PERM;
	l1 = l1_entries(as, va);
	entry = walk(as, va);
	if (entry != NULL && *entry != 0)
		return -E_EXISTS;
	error = page_hold(pa);
	if (error < 0)
		return error;
	if (entry == NULL) {
		error = page_alloc(PAGE_ANY, as->owner, &tables, &table);
		if (error < 0) {
			page_release(pa);
			return error;
		}
		dsb();				// the walk must not find the table before its zeros
		for (uint32_t i = 0; i < 4; i++)
			l1[i] = (table + i * L2_ENTRIES * 4) | L1_TABLE_PXN | L1_TABLE;
		entry = walk(as, va);
	}
	page_hold(table_of(l1));	// the table is held once for itself and once for each entry
	*entry = descriptor(pa, prot, rights);
	tlb_publish();
	return 0;
	// INSTEAD
	//| // TODO 2.4: refuse what the contract refuses; hold the page; see that there is a table; write the entry; make it seen.
	//| (void)as, (void)va, (void)pa, (void)prot, (void)rights, (void)is_user, (void)is_prot, (void)walk, (void)descriptor;
	//| todo("2.4");
	//| return -E_NOMEM;
	// END SOLUTION
}

int
as_unmap(struct aspace *as, uint32_t va)
{
	// BEGIN SOLUTION 2.4e
	uint32_t *l1 = l1_entries(as, va), *entry;
	physaddr_t pa, table;

	if (!is_user(va))
		return -E_INVAL;
	entry = walk(as, va);
	if (entry == NULL || *entry == 0)
		return -E_NOENT;
	pa = *entry & L2_PA;
	table = table_of(l1);
	*entry = 0;
	page_release(table);
	if (page_at(table)->refs > 1) {
		tlb_flush_page(va, as->asid);
	} else {
		for (int i = 0; i < 4; i++)
			l1[i] = 0;
		tlb_flush_asid(as->asid);
		page_release(table);
	}
	page_release(pa);		// only now: until here the TLB may still lead to it
	return 0;
	// INSTEAD
	//| // TODO 2.4: clear the entry, and with the last one the table; flush; only then let go of the pages.
	//| (void)as, (void)va;
	//| todo("2.4");
	//| return -E_NOENT;
	// END SOLUTION
}

int
as_protect(struct aspace *as, uint32_t va, uint32_t prot)
{
	// BEGIN SOLUTION 2.4f
	struct mapping m;
	int error = is_prot(prot) ? as_lookup(as, va, &m) : -E_INVAL;

	if (error < 0)
		return error;
	if ((prot & ~m.rights) != 0)
		return -E_PERM;
	*walk(as, va) = descriptor(m.pa, prot, m.rights);
	tlb_flush_page(va, as->asid);
	return 0;
	// INSTEAD
	//| // TODO 2.4: within the rights recorded, and seen by the very next access.
	//| (void)as, (void)va, (void)prot;
	//| todo("2.4");
	//| return -E_NOENT;
	// END SOLUTION
}

int
as_lookup(const struct aspace *as, uint32_t va, struct mapping *found)
{
	// BEGIN SOLUTION 2.4g
	uint32_t *entry;

	if (!is_user(va))
		return -E_INVAL;
	entry = walk(as, va);
	if (entry == NULL || *entry == 0)
		return -E_NOENT;
	*found = described(*entry);
	return 0;
	// INSTEAD
	//| // TODO 2.4: walk, and tell.
	//| (void)as, (void)va, (void)found, (void)described;
	//| todo("2.4");
	//| return -E_NOENT;
	// END SOLUTION
}

void
as_destroy(struct aspace *as)
{
	// BEGIN SOLUTION 2.4h
	for (uint32_t va = 0; va < USER_TOP; va += STRETCH) {
		uint32_t *l1 = l1_entries(as, va);
		physaddr_t table = table_of(l1);
		uint32_t *entries = p2v(table);

		for (uint32_t i = 0; table != 0 && i < PAGE_ENTRIES && page_at(table)->refs > 1; i++)
			if (entries[i] != 0) {
				page_release(entries[i] & L2_PA);
				page_release(table);
			}
		if (table != 0)
			page_release(table);
	}
	page_release(as->l1);
	tlb_flush_asid(as->asid);
	// INSTEAD
	//| // TODO 2.4: every page mapped, every table, the first level; and the TLB.
	//| (void)as;
	//| todo("2.4");
	// END SOLUTION
}
