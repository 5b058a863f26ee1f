// Visible revocation (SOSP '95, sections 3.4 and 3.5): when the kernel has no page left it does not choose one, it
// asks. Step 4.9.
//
// *The asking*: a page operation that finds no page free fails with -E_NOMEM, and an environment is asked for
// REVOKE_PAGES pages: `wanted` in its save page says so. It is the one with the most pages mapped (the first of these
// in the table), if it has GUARANTEED + REVOKE_PAGES at least, however many of them it guarantees itself; it may be the
// one that wanted a page. One at a time is asked.
//
// *The telling*: the next time it would be entered at `begin` it is entered at `revoke` instead (as long as that is not
// 0), every register 0. It chooses, unmaps, and goes on as from `begin`.
//
// *The abort protocol*: when the processor then comes back to slice_next(), by whomever, and it has not REVOKE_PAGES
// mapped fewer than when it was asked, they are taken: from the lowest address up, none of its guaranteed ones, as many
// as are missing (REVOKE_PAGES at most), each unmapped and its address added to `taken` (at `repossessed`, counted up,
// as long as there is room). The same happens at once to one that was asked and has not been told within REVOKE_TICKS,
// as soon as another operation fails so. Then nothing is wanted of it any more; and nobody else is asked by the
// operation that found that out.
//
// *Guaranteed* are the save page and the pages at the addresses that `guaranteed` in the save page lists.
#pragma once

#include <exo/env.h>

#define REVOKE_PAGES 8			// at most REPOSSESSED
#define REVOKE_TICKS (32 * 100000)	// two rounds of slices

// Who has been asked, and how many pages it had then; null: nobody.
struct revocation {
	struct env *env;
	uint32_t pages;
	uint64_t when;		// the counter
	bool told;
	bool unwritten;		// the starter says so of step 4.9: without it, nobody is ever asked
};

extern struct revocation revocation;

// Step 4.9, in revoke.c: a page operation has found no page free.
void revoke_ask(void);

// Where env begins now: at `revoke` or at `begin`.
uint32_t revoke_entry(struct env *env);

// Whoever ran has stopped.
void revoke_due(void);

// Given, in kernel/env/revoke.c: how many pages env has mapped, its save page not counted; take so many by force; env
// has ended.
uint32_t revoke_pages(const struct env *env);
void revoke_by_force(struct env *env, uint32_t count);
void revoke_forget(const struct env *env);
