// A secure binding of a page (exo/aspace.h): the one place where a capability is asked for. After
// it, the rights recorded in the entry are all that is looked at.

#include <exo/aspace.h>
#include <exo/error.h>
#include <exo/page.h>

int
as_bind(struct aspace *as, uint32_t va, physaddr_t pa, uint32_t prot, const struct cap *cap)
{
	const struct page *page = page_at(pa);

	if (page == NULL || page->refs == 0)
		return -E_INVAL;
	if (cap_check(cap, &page->guard, prot | RIGHT_READ) < 0)	// READ is recorded of every page
		return -E_PERM;
	return as_map(as, va, pa, prot, cap->rights);
}
