// Giving pages back (exo/revoke.h): the application says which it could do without and what that would cost it, and
// revoke_give(), step 4.9, chooses. The stub that enters it is kernel/libos/revoke.S.
#pragma once

#include <exo/types.h>

#define REVOKE_OFFERS 64
#define COST_NEVER    UINT32_MAX

// What one page would cost: nothing for one that can be read again, more for one that has to be written somewhere
// first, COST_NEVER for one that is not to go.
typedef uint32_t revoke_cost(uint32_t va);

// It has gone: the application changes its mind about what is there, saves it first if it likes (`saving`, and it is
// still mapped), and so on.
typedef void revoke_lost(uint32_t va, bool saving);

extern struct revoke_offer {
	uint32_t va;		// 0: none, or gone
	revoke_cost *cost;
	revoke_lost *lost;
} revoke_offers[REVOKE_OFFERS];

// From now on pages can be asked for. Given.
void revoke_init(void);

// Offer `pages` pages from va on. -E_NOMEM: there is not so much room among the offers. Given.
int revoke_offer(uint32_t va, uint32_t pages, revoke_cost *cost, revoke_lost *lost);

// Called at the beginning of the slice in which pages are wanted, on a stack of its own: as many of the offered ones as
// `wanted` says, each time the one that costs least (the first of equals), is unmapped: lost(va, true) before, lost(va,
// false) after it. An offer that was taken up is none any more; no fault may happen here but in lost(). How many pages
// were given back.
uint32_t revoke_give(uint32_t wanted);
