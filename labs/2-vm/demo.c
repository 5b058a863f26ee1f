// `make run LAB=2`: the kernel's map, read from its own tables; capabilities, good and bad; one page bound at two addresses.

#include <exo/aspace.h>
#include <exo/board.h>
#include <exo/check.h>
#include <exo/console.h>
#include <exo/kmap.h>
#include <exo/page.h>

// What the kernel's tables say of the page at va, in the bits of a small page's entry.
static uint32_t
entry_at(uint32_t va)
{
	uint32_t l1 = kmap_l1()[va / SECTION_SIZE];

	if (l1 & L1_SECTION)
		return L2_SMALL | (l1 & SECTION_C ? L2_C : 0) | (l1 & SECTION_AP2 ? L2_AP2 : 0) |
		       (l1 & SECTION_XN ? L2_XN : 0);
	if ((l1 & L1_TYPE) != L1_TABLE)
		return 0;
	return ((uint32_t *)p2v(l1 & L1_TABLE_PA))[va % SECTION_SIZE / PAGE_SIZE] &
	       (L2_SMALL | L2_C | L2_AP2 | L2_XN);
}

static void
print_map(void)
{
	uint32_t from = USER_TOP, va = from, entry = entry_at(from);

	do {
		va += PAGE_SIZE;
		if (va != 0 && entry_at(va) == entry)
			continue;
		if (entry != 0)
			printk("  %08x-%08x  %s%s%s\n", from, va - 1,
			       entry & L2_C ? "" : "devices, ",
			       entry & L2_AP2 ? "read" : "read and write",
			       entry & L2_XN ? "" : ", execute");
		from = va;
		entry = entry_at(from);
	} while (va != 0);
}

static void
show(const char *what, const struct cap *cap, const struct guard *guard)
{
	printk("  %-22s \"%-5.8s\" rights %x  mac %016llx  %s\n", what, (const char *)cap->name,
	       cap->rights, cap->mac, cap_check(cap, guard, RIGHT_WRITE) < 0 ? "refused" : "fits");
}

void
check_main(void)
{
	const struct guard guard = {"alice", 0};
	struct cap all, reader, forged;
	struct aspace as;
	physaddr_t pa;
	volatile uint32_t *here = (uint32_t *)0x10000, *there = (uint32_t *)0x3ff000;

	printk("MMU on. The kernel's own map:\n");
	print_map();
	page_alloc(PAGE_ANY, 7, &guard, &pa);
	as_create(&as, 7, 1);
	printk("A page for \"alice\": 0x%08x; %u are free. To write it:\n", pa, page_free_count());
	cap_mint(&all, (const uint8_t *)"al\0\0\0\0\0", RIGHT_READ | RIGHT_WRITE, cap_now());
	cap_narrow(&all, guard.name, RIGHT_READ, &reader);
	forged = reader;
	forged.rights |= RIGHT_WRITE;
	show("minted", &all, &guard);
	show("narrowed to READ", &reader, &guard);
	show("WRITE put back by hand", &forged, &guard);
	as_bind(&as, (uint32_t)here, pa, RIGHT_READ | RIGHT_WRITE, &all);
	as_bind(&as, (uint32_t)there, pa, RIGHT_READ, &reader);
	as_switch(&as);
	*here = 0xc0ffee;
	printk("Bound twice. Written at %p: 0x%x. Read at %p: 0x%x.\n", here, *here, there, *there);
	printk("Press w to write through the second; any other key switches off.\n");
	if (console()->getc() == 'w')
		*there = 0xbad;
}
