// What of giving pages back is given (libos/revoke.h): who offers what.

#include <exo/error.h>
#include <libos/revoke.h>
#include <libos/upcall.h>

struct revoke_offer revoke_offers[REVOKE_OFFERS];

void upcall_revoke(void);

void
revoke_init(void)
{
	SAVE->revoke = (uintptr_t)upcall_revoke;
}

int
revoke_offer(uint32_t va, uint32_t pages, revoke_cost *cost, revoke_lost *lost)
{
	uint32_t room = 0;

	for (unsigned i = 0; i < REVOKE_OFFERS; i++)
		room += revoke_offers[i].va == 0;
	if (room < pages)
		return -E_NOMEM;
	for (unsigned i = 0; pages > 0; i++)
		if (revoke_offers[i].va == 0) {
			revoke_offers[i] = (struct revoke_offer){ va, cost, lost };
			va += PAGE_SIZE;
			pages--;
		}
	return 0;
}
