// What memory costs in instructions (bench.toml): each thing eight times, between two marks, in an
// address space that other tables are in already.

#include <exo/aspace.h>
#include <exo/cap.h>
#include <exo/check.h>
#include <exo/page.h>
#include <exo/params.h>
#include <exo/siphash.h>

#define VA 0x10000u

// A function that does `what` between two marks.
#define COUNTED(name, what) \
	static counted void \
	name##_once(void) \
	{ \
		MARK(name##_begin); \
		what; \
		MARK(name##_end); \
	}

static struct aspace as, other;
static struct cap cap;
static struct guard guard = { "bench/p1", 0 };
static const struct guard empty;
static struct mapping found;
static physaddr_t page, fresh;
static uint64_t mac;

COUNTED(alloc, page_alloc(PAGE_ANY, 1, &empty, &fresh))
COUNTED(release, page_release(fresh))
COUNTED(map, as_map(&as, VA, page, RIGHT_READ | RIGHT_WRITE, RIGHT_ALL))
COUNTED(bind, as_bind(&as, VA, page, RIGHT_READ | RIGHT_WRITE, &cap))
COUNTED(lookup, as_lookup(&as, VA, &found))
COUNTED(protect, as_protect(&as, VA, RIGHT_READ))
COUNTED(unmap, as_unmap(&as, VA))
COUNTED(map_first, as_map(&other, VA, page, RIGHT_READ, RIGHT_ALL))
COUNTED(unmap_last, as_unmap(&other, VA))
COUNTED(flush_page, tlb_flush_page(VA, 1))
COUNTED(flush_asid, tlb_flush_asid(1))
COUNTED(flush_all, tlb_flush_all())
COUNTED(change, as_switch(&as))
COUNTED(mac16, mac = siphash(params()->key, &cap, 16))
COUNTED(check, cap_check(&cap, &guard, RIGHT_READ | RIGHT_WRITE))

void
check_main(void)
{
	cap_mint(&cap, (const uint8_t[CAP_NAME]){ "bench" }, RIGHT_ALL, 0);
	page_alloc(PAGE_ANY, 1, &guard, &page);
	as_create(&as, 1, 1);
	as_create(&other, 1, 2);
	as_map(&as, VA + PAGE_SIZE, page, RIGHT_READ, RIGHT_ALL);	// so that there is a table, and stays
	for (int i = 0; i < 8; i++) {
		alloc_once();
		release_once();
		map_once();
		lookup_once();
		protect_once();
		unmap_once();
		bind_once();
		as_unmap(&as, VA);
		map_first_once();
		unmap_last_once();
		flush_page_once();
		flush_asid_once();
		flush_all_once();
		change_once();
		mac16_once();
		check_once();
	}
	if (found.pa != page || mac != cap.mac)
		report("wrong");
}
