// Address spaces: lab 2's contract, steps 2.3 to 2.5. An application's translation tables, below
// USER_TOP: a first level that is one page, and second-level pages that hold the four tables of a 4 MB
// stretch each. All of them are ordinary physical pages whose owner is the address space's, under
// the empty guard. Every entry is a small page: not global, not shareable, of domain 0, Normal
// memory, never executed by the kernel (PXN). Where nothing is mapped bits [1:0] of an entry are 0.
//
// What a page may be used for is decided once, when it is bound: the rights found then are
// recorded in the entry (TEX[2:1], which SCTLR.TRE leaves to software), and no later change
// goes beyond them.
//
// What changes in the tables is known to the next access, whatever the address space: the TLB has
// been told of every entry that was valid and changed, if only to allow more (the old one would
// still fault), and of no more than that: one page of one ASID, or all of the ASID where
// tables go. A walk never finds a table before its zeros.
//
// Nothing here looks after the caches: whoever writes instructions, as kernel/user/load.c does, has
// them seen.
#pragma once

#include <exo/cap.h>
#include <exo/mmu.h>
#include <exo/types.h>

// prot and rights are RIGHT_READ, _WRITE and _EXEC. A prot is one of: none; READ; READ and WRITE;
// READ and EXEC. (Nothing is ever writable and executable, and the tables cannot say less.)
static inline bool
is_prot(uint32_t prot)
{
	return prot == 0 || prot == RIGHT_READ || prot == (RIGHT_READ | RIGHT_WRITE) || prot == (RIGHT_READ | RIGHT_EXEC);
}

struct aspace {
	physaddr_t l1;		// the first-level table
	uint32_t asid;		// 1 to ASID_COUNT - 1; no other address space alive has it
	uint32_t owner;
};

struct mapping {
	physaddr_t pa;
	uint32_t prot;		// what it is mapped for now
	uint32_t rights;	// what it could be: READ, and as recorded
};

// An address space with nothing in it. -E_INVAL: asid out of range, or owner is OWNER_NONE;
// -E_NOMEM.
int as_create(struct aspace *as, uint32_t owner, uint32_t asid);

// Let go of every page mapped and of every table. as is not the current one. The TLB forgets the
// ASID.
void as_destroy(struct aspace *as);

// Map the page at pa at va, and hold it. -E_INVAL: va is not page-aligned, in page 0 or not below
// USER_TOP, prot is none of the four, or pa is no allocated page; -E_PERM: prot is more than
// rights; -E_EXISTS: something is mapped there; -E_NOMEM: no page for a table. Where several are
// so, any of them. Nothing has changed then.
int as_map(struct aspace *as, uint32_t va, physaddr_t pa, uint32_t prot, uint32_t rights);

// Undo as_map: the translation is gone from the tables and from the TLB, then the page is let go
// of; so is the table, with its last entry. -E_INVAL as above; -E_NOENT: nothing is mapped there.
int as_unmap(struct aspace *as, uint32_t va);

// Change what a page is mapped for; from the return on, that alone holds. -E_INVAL, -E_NOENT as
// above; -E_PERM: more than the rights recorded.
int as_protect(struct aspace *as, uint32_t va, uint32_t prot);

// What is mapped at va. -E_INVAL, -E_NOENT as above.
int as_lookup(const struct aspace *as, uint32_t va, struct mapping *found);

// Given, in kernel/vm/bind.c: map the page for whoever shows a capability that fits its guard, with
// the capability's rights recorded; READ has to be among them. -E_PERM: it does not fit; else as as_map.
int as_bind(struct aspace *as, uint32_t va, physaddr_t pa, uint32_t prot, const struct cap *cap);

// Step 2.5, in mmu.c: translate for *as from now on; null: for nobody (ASID 0, an empty table). At
// no moment, however late a write takes effect, does an ASID, 0 included, meet another's table; the
// empty table is everybody's. So nothing has to be forgotten, and the TLB is told nothing.
void as_switch(const struct aspace *as);

// The MMU and the caches on, with these first-level tables: from here on what the kernel sees is
// its own map (kernel/vm/kmap.c), and devices have moved (mmio_offset). Every register that the walk
// uses is written before, as none has a value to rely on, and SCTLR keeps what is not named in step
// 2.5. Called once, with the MMU off, from where kernel addresses are the physical ones.
void mmu_on(physaddr_t kernel_l1, physaddr_t empty_l1);

// Step 2.3, in tlb.c. Each completes before it returns.
void tlb_publish(void);					// a table is new, or invalid entries have become valid
void tlb_flush_page(uint32_t va, uint32_t asid);	// the entry of the page that va lies in changed
void tlb_flush_asid(uint32_t asid);			// any entries of an address space changed
void tlb_flush_all(void);				// any at all
