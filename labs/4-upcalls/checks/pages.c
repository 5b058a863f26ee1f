// Step 4.3: three environments make the system calls on pages that the run's input lists. What each returned, and what
// is mapped then where it said, is kept, and in the end what the tables themselves have.

#include <exo/board.h>
#include <exo/check.h>
#include <exo/env.h>
#include <exo/error.h>
#include <exo/page.h>
#include <exo/string.h>

#define CAPS    0x100000	// a page of capabilities, 32 bytes each
#define OPS     0x101000	// two pages to lay operations on, behind which nothing is mapped
#define ENVS    3
#define OPS_MAX 6

enum { PAGES, PROTECT, REVOKE };

struct wish {			// a capability to begin with
	uint8_t name[CAP_NAME];
	uint32_t rights, epoch, forged;
};

struct step {
	uint32_t what;		// PAGES, PROTECT (va: ops, prot: count), REVOKE (of page `ops`; the capability at cap)
	uint32_t current;	// whose call it is
	uint32_t target;	// ENV_SELF; 1 to 3: an environment; 4: no name at all; 5: one that has ended
	uint32_t ops, count, cap;
	uint32_t laid;		// so many operations are laid at `ops`, wherever that is mapped: these, again and again
	struct page_op op[OPS_MAX];
};

struct outcome {
	physaddr_t pa;		// what op.pa meant
	physaddr_t after;	// what it is then
	int32_t status;		// as_lookup's, of op.va
	struct mapping m;
	uint32_t owner, epoch;	// of that page
	uint8_t name[CAP_NAME];
	physaddr_t table;	// for PAGE_TABLE, what it should have found
	uint32_t whose;		// the owner of the page at pa
};

struct result {
	int32_t status;
	struct outcome outcome[OPS_MAX];
};

struct result results[384];
struct env *env[ENVS + 1];
uint32_t ids[ENVS], ttbr0[ENVS];
physaddr_t saves[ENVS];
uint32_t leaked;
struct entry {			// what the tables of each have in the end
	uint32_t va, descriptor;
} entries[ENVS][256];
uint32_t entry_count[ENVS];

static uint8_t *
byte_of(const struct env *e, uint32_t va)
{
	struct mapping m;

	if (as_lookup(&e->as, va & ~(PAGE_SIZE - 1), &m) < 0)
		return NULL;
	return (uint8_t *)p2v(m.pa) + va % PAGE_SIZE;
}

static physaddr_t
table_of(const struct env *e, uint32_t va)
{
	const uint32_t *l1 = p2v(e->as.l1);

	return va == USER_TOP ? e->as.l1 : va < USER_TOP ? l1[va / SECTION_SIZE] & L2_PA : 0;
}

// An odd number stands for a page that the grader cannot know: bit 1 and 2 say which, bits 3 and 4 whose, bits 31:12
// where.
static physaddr_t
meant(physaddr_t pa)
{
	const struct env *e = env[pa >> 3 & 3];
	struct mapping m = { .pa = 0 };

	if (pa % 2 == 0 || pa == PAGE_ANY)
		return pa;
	switch (pa >> 1 & 3) {
	case 0:
		return e->as.l1;
	case 1:
		return table_of(e, pa & ~(PAGE_SIZE - 1));
	case 2:
		return v2p(e->save);
	}
	as_lookup(&e->as, pa & ~(PAGE_SIZE - 1), &m);
	return m.pa;
}

static void
lay(const struct env *e, uint32_t va, const void *from, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++) {
		uint8_t *to = byte_of(e, va + i);

		if (to != NULL)
			*to = ((const uint8_t *)from)[i];
	}
}

static int32_t
revoke(const struct step *s)
{
	struct page *page = page_at(meant(s->ops));

	if (page == NULL || page->owner == OWNER_NONE || page->owner == OWNER_KERNEL)
		return -E_INVAL;
	return cap_revoke(&page->guard, (struct cap *)byte_of(env[s->current], s->cap));
}

static void
carry_out(const struct step *s, struct result *r)
{
	const struct env *e = env[s->current];
	const struct env *target = s->target >= 1 && s->target <= ENVS ? env[s->target - 1] : e;
	uint32_t id = s->target == 0 ? ENV_SELF : s->target == 4 ? 0x7fffffc0 :
	    env[s->target == 5 ? ENVS : s->target - 1]->id;
	uint32_t count = s->laid < OPS_MAX ? s->laid : OPS_MAX;
	struct page_op op[OPS_MAX];

	memcpy(op, s->op, sizeof op);
	for (uint32_t i = 0; i < count; i++) {
		if (op[i].kind == PAGE_NEW || op[i].kind == PAGE_BIND)
			op[i].pa = meant(op[i].pa);
		r->outcome[i].pa = op[i].pa;
	}
	for (uint32_t i = 0; i < s->laid; i++)
		lay(e, s->ops + i * sizeof op[0], &op[i % OPS_MAX], sizeof op[0]);
	user_switch(&env[s->current]->as);
	r->status = s->what == PAGES ? sys_pages(id, s->ops, s->count, s->cap) :
	    s->what == PROTECT ? sys_protect(s->ops, s->count, env_current()) : revoke(s);
	user_switch(NULL);
	for (uint32_t i = 0; i < count; i++) {
		struct outcome *o = &r->outcome[i];
		const struct page *page;

		for (uint32_t j = 0; j < 4; j++) {
			const uint8_t *byte = byte_of(e, s->ops + i * sizeof op[0] + offsetof(struct page_op, pa) + j);

			if (byte != NULL)
				((uint8_t *)&o->after)[j] = *byte;
		}
		if (op[i].kind == PAGE_TABLE)
			o->table = table_of(target, op[i].pa);
		o->status = as_lookup(&target->as, op[i].va, &o->m);
		page = page_at(o->pa);
		o->whose = page != NULL ? page->owner : OWNER_NONE;
		page = o->status == 0 ? page_at(o->m.pa) : NULL;
		if (page != NULL) {
			o->owner = page->owner;
			o->epoch = page->guard.epoch;
			memcpy(o->name, page->guard.name, CAP_NAME);
		}
	}
}

static void
tables_keep(uint32_t i)
{
	const uint32_t *l1 = p2v(ttbr0[i] & ~(PAGE_SIZE - 1));

	for (uint32_t va = 0; va < USER_TOP; va += PAGE_SIZE) {
		uint32_t entry = l1[va / SECTION_SIZE];

		if ((entry & L1_TYPE) == L1_TABLE)
			entry = ((const uint32_t *)p2v(entry & L1_TABLE_PA))[va / PAGE_SIZE % L2_ENTRIES];
		else if (entry == 0)
			va += SECTION_SIZE - PAGE_SIZE;
		else
			entry = 1;			// nothing that there should be
		if (entry != 0 && entry_count[i] < ARRAY_SIZE(entries[i]))
			entries[i][entry_count[i]++] = (struct entry){ va, entry };
	}
}

void
check_main(void)
{
	const uint32_t *in = (const uint32_t *)params()->input;
	const struct wish *wish = (const struct wish *)(in + 1);
	const struct step *s = (const struct step *)(wish + in[0]);
	struct cap cap = { .rights = RIGHT_ALL };
	uint32_t free = page_free_count();

	for (uint32_t i = 0; i <= ENVS; i++) {
		cap_mint(&cap, (const uint8_t[CAP_NAME]){ "abcd"[i] }, RIGHT_ALL, 0);
		env_create(&cap, i == ENVS ? env[0]->id : 0, &env[i]);
		if (i == ENVS)
			break;
		ids[i] = env[i]->id;
		ttbr0[i] = env[i]->ttbr0;
		saves[i] = v2p(env[i]->save);
		user_map(&env[i]->as, CAPS, 3 * PAGE_SIZE, RIGHT_READ | RIGHT_WRITE);
		for (uint32_t j = 0; j < in[0]; j++) {
			cap_mint(&cap, wish[j].name, wish[j].rights, wish[j].epoch);
			cap.mac ^= wish[j].forged;
			lay(env[i], CAPS + j * 32, &cap, sizeof cap);
		}
	}
	env_end(env[ENVS], ENDED_KILLED, 0);
	for (struct result *r = results; (const uint8_t *)(s + 1) <= params()->input + params()->input_size; r++, s++)
		carry_out(s, r);
	for (uint32_t i = 0; i < ENVS; i++)
		tables_keep(i);
	for (uint32_t i = ENVS; i-- > 0; )
		env_end(env[i], ENDED_KILLED, 0);
	leaked = free - page_free_count();
}
