// Carries out the list of operations that comes as the run's input, and keeps what each returned
// for the grader to read. Shared by ops.c, for which the MMU is on, and early.c.

#include <exo/arm.h>
#include <exo/aspace.h>
#include <exo/board.h>
#include <exo/cap.h>
#include <exo/check.h>
#include <exo/error.h>
#include <exo/page.h>
#include <exo/string.h>

#include "probe.h"

enum { PAGE_ALLOC = 1, PAGE_HOLD, PAGE_RELEASE, PAGE_QUERY, FREE_COUNT, CREATE, DESTROY, MAP, UNMAP, PROTECT, LOOKUP,
	SWITCH, READ, WRITE, EXEC, STAMP, FLUSH_ALL, ALLOC_ALL, INIT, FLUSH_PAGE, FLUSH_ASID, PUBLISH, BIND, FILL,
	EMPTY };

struct op {
	uint8_t code;
	uint8_t n;		// number of a slot or of an address space
	uint16_t x;
	uint32_t y, z;		// an address that is odd is that of a slot: its number, twice, plus one
};

struct result {
	int32_t status;
	uint32_t value;
};

struct seen {
	struct page page;
	uint32_t word;		// the first one in it
};

struct result results[PARAMS_MAX / sizeof(struct op)];
struct seen seen[1024];		// by queries, one after the other
struct aspace spaces[16];
physaddr_t slots[256];

static physaddr_t
address(uint32_t y)
{
	return y & 1 ? slots[y >> 1 & 0xff] : y;
}

// A guard of 32 bits: they are its epoch and, four by four, eight letters; or two bytes of a name, and epoch 0.
static struct guard
guard_of(uint32_t z)
{
	struct guard guard = { { z, z >> 8 }, 0 };

	if (z >> 16 != 0) {
		guard.epoch = z;
		for (int i = 0; i < CAP_NAME; i++)
			guard.name[i] = 'a' + (z >> 4 * i & 0xf);
	}
	return guard;
}

// What a page is made of when it is stamped: an instruction that user mode returns by, and a word.
static void
stamp(physaddr_t pa, uint32_t value)
{
	uint32_t *word = p2v(pa);

	word[0] = value;
	word[1] = 0xef000000;	// svc #0
	dccmvau((uintptr_t)&word[1]);
	dsb();
	iciallu(0);
	bpiall(0);
	dsb();
	isb();
}

static struct result
carry_out(const struct op *op)
{
	struct aspace *as = &spaces[op->n % ARRAY_SIZE(spaces)];
	struct guard guard = guard_of(op->z);
	uint32_t owner = op->x | (uint32_t)(op->x >> 8) << 24;	// small ones are themselves
	static uint32_t queries;
	struct result r = { 0, 0xffffffff };
	struct mapping m = { 0, 0, 0 };
	struct cap cap = { .mac = 0 };
	struct page *page;
	physaddr_t pa;

	switch (op->code) {
	case PAGE_ALLOC:
		pa = 0xffffffff;
		r.status = page_alloc(address(op->y) == 0xfffffffe ? PAGE_ANY : address(op->y), owner, &guard, &pa);
		r.value = pa;
		if (r.status == 0 && page_at(pa) != NULL) {
			slots[op->n] = pa;
			for (uint32_t i = 0; i < PAGE_SIZE / 4; i++)
				if (((uint32_t *)p2v(pa))[i] != 0)
					r.status = 1;
			memset(p2v(pa), 0x5a, PAGE_SIZE);
			stamp(pa, 0x5a5a5a5a);
		}
		break;
	case ALLOC_ALL:
		while ((r.status = page_alloc(PAGE_ANY, owner, &guard, &pa)) == 0)
			*(physaddr_t *)p2v(pa) = slots[op->n], slots[op->n] = pa, r.value++;
		break;
	case PAGE_HOLD:		// x: how many times more, here and for the next
		for (r.value = 0; r.value <= op->x && r.status == 0; r.value++)
			r.status = page_hold(address(op->y));
		break;
	case PAGE_RELEASE:
		for (r.value = 0; r.value <= op->x && r.status == 0; r.value++)
			r.status = page_release(address(op->y));
		break;
	case PAGE_QUERY:
		page = page_at(address(op->y));
		r.status = page == NULL ? -1 : 0;
		if (page != NULL)
			seen[queries % ARRAY_SIZE(seen)] = (struct seen){ *page, *(uint32_t *)p2v(address(op->y)) };
		queries++;
		break;
	case FREE_COUNT:
		r.value = page_free_count();
		break;
	case CREATE:
		r.status = as_create(as, op->x, op->y);
		r.value = as->l1;
		break;
	case DESTROY:
		as_destroy(as);
		break;
	case MAP:
		r.status = as_map(as, op->y, address(op->z), op->x & 0xff, op->x >> 8);
		break;
	case UNMAP:
		r.status = as_unmap(as, op->y);
		break;
	case PROTECT:
		r.status = as_protect(as, op->y, op->x);
		break;
	case LOOKUP:
		r.status = as_lookup(as, op->y, &m);
		r.value = m.pa | m.rights << 4 | m.prot;
		break;
	case SWITCH:
		as_switch(op->x ? as : NULL);
		break;
	case READ:
		r.status = probe_read(op->y, &r.value);
		break;
	case WRITE:
		r.status = probe_write(op->y, op->z);
		break;
	case EXEC:
		r.status = probe_exec(op->y + 4);
		break;
	case STAMP:
		stamp(address(op->y), op->z);
		break;
	case FLUSH_ALL:
		tlb_flush_all();
		break;
	case FLUSH_PAGE:
		tlb_flush_page(op->y, op->x);
		break;
	case FLUSH_ASID:
		tlb_flush_asid(op->x);
		break;
	case PUBLISH:
		tlb_publish();
		break;
	case BIND:		// x: prot, rights of the capability, whether it is forged; z: the page's slot, the name
		cap_mint(&cap, (uint8_t[CAP_NAME]){ op->z >> 16, op->z >> 24 }, op->x >> 4 & 0xf, 0);
		cap.mac ^= op->x >> 8 & 1;
		r.status = as_bind(as, op->y, address(op->z & 0xffff), op->x & 0xf, &cap);
		break;
	case FILL:		// x: how many pages, from y on, here and for the next
		for (r.value = 0; r.value < op->x && r.status == 0; r.value++)
			r.status = as_map(as, op->y + r.value * PAGE_SIZE, address(op->z), RIGHT_READ, RIGHT_READ);
		break;
	case EMPTY:
		for (r.value = 0; r.value < op->x && r.status == 0; r.value++)
			r.status = as_unmap(as, op->y + r.value * PAGE_SIZE);
		break;
	}
	return r;
}

// Where the grader looks: before each operation, and behind the last.
counted void
next_operation(void)
{
	__asm__ volatile("" : : : "memory");
}

// All of them, in order.
static void
carry_out_all(void)
{
	const struct op *ops = (const struct op *)params()->input;
	uint32_t n = params()->input_size / sizeof *ops;

	for (uint32_t i = 0; i < n; i++) {
		next_operation();
		results[i] = carry_out(&ops[i]);
	}
	next_operation();
}
