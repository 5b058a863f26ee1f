// Which pages to give back when the kernel asks (libos/revoke.h).

#include <exo/todo.h>
#include <libos/revoke.h>
#include <libos/sys.h>

uint32_t
revoke_give(uint32_t wanted)
{
	// BEGIN SOLUTION 4.9e
	uint32_t given = 0;

	while (given < wanted) {
		struct revoke_offer *best = NULL, gone;
		uint32_t least = COST_NEVER;

		for (struct revoke_offer *o = revoke_offers; o < revoke_offers + REVOKE_OFFERS; o++) {
			uint32_t cost = o->va != 0 ? o->cost(o->va) : COST_NEVER;

			if (cost < least) {
				least = cost;
				best = o;
			}
		}
		if (best == NULL)
			break;
		gone = *best;
		best->va = 0;
		gone.lost(gone.va, true);
		if (sys_pages(ENV_SELF, &(struct page_op){ .kind = PAGE_UNMAP, .va = gone.va }, 1, NULL) == 1)
			given++;
		gone.lost(gone.va, false);
	}
	return given;
	// INSTEAD
	//| // TODO 4.9: of what is offered the cheapest first, until it is enough, or nothing is left that could go.
	//| (void)wanted;
	//| todo("4.9");
	//| return 0;
	// END SOLUTION
}
