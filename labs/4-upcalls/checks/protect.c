// The quick way to protect a page and the other one (exo/env.h) agree: two address spaces that begin alike, each
// changed by one of them, are alike after every call, and so are the results.

#include <exo/aspace.h>
#include <exo/board.h>
#include <exo/check.h>
#include <exo/env.h>
#include <exo/error.h>
#include <exo/page.h>

static const uint32_t stretches[] = { 0x00000000, 0x003ff000, 0x10000000, 0x100ff000, 0x3ffff000, 0x3fffe000,
	0x40000000, 0x40010000, 0x40003000, 0xc0000000, 0xffffe000, 0xfffff000 };

static uint32_t
random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static uint32_t
entry_of(const struct env *env, uint32_t va)
{
	const uint32_t *l1 = p2v(env->as.l1), *l2;

	if (va >= USER_TOP || (l1[va / SECTION_SIZE] & L1_TYPE) != L1_TABLE)
		return 0;
	l2 = p2v(l1[va / SECTION_SIZE] & L1_TABLE_PA);
	return l2[va / PAGE_SIZE % L2_ENTRIES];
}

void
check_main(void)
{
	static const uint32_t rights[4] = { RIGHT_READ, RIGHT_READ | RIGHT_WRITE, RIGHT_READ | RIGHT_EXEC,
		RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC };
	static const struct guard guard;
	struct env *env[2];
	struct cap cap;
	physaddr_t pa;
	uint32_t seed = 2463534242u, wrong = 0, done = 0, answers[16] = { 0 };

	cap_mint(&cap, (const uint8_t[CAP_NAME]){ "protect" }, RIGHT_ALL, 0);
	for (int i = 0; i < 2; i++)
		report("create: %d", env_create(&cap, 0, &env[i]));
	for (uint32_t s = 0; s < 6; s++)
		for (uint32_t i = 0; i < 8; i += 2) {	// every other page has nothing
			uint32_t va = stretches[s] + i * PAGE_SIZE;

			if (va == 0 || va >= SAVE_VA || page_alloc(PAGE_ANY, 3, &guard, &pa) < 0)
				continue;
			for (int e = 0; e < 2; e++)
				if (as_map(&env[e]->as, va, pa, RIGHT_READ, rights[i / 2]) < 0)
					report("cannot map %08x", va);
		}
	for (uint32_t n = 0; n < 20000; n++) {
		uint32_t va = stretches[random(&seed) % 12] + random(&seed) % 8 * PAGE_SIZE, prot = random(&seed) % 9;
		int32_t quick, slow;

		if (random(&seed) % 16 == 0)
			va += random(&seed) % PAGE_SIZE;
		if (random(&seed) % 16 == 0)
			prot = random(&seed);
		quick = env_protect(va, prot, env[0]);
		slow = sys_protect(va, prot, env[1]);
		if (quick != slow || ((entry_of(env[0], va) ^ entry_of(env[1], va)) & ~L2_PA) != 0) {
			if (wrong++ < 8)
				report("%08x for %x: %d, entry %08x; the slow way %d, %08x", va, prot, quick,
				    entry_of(env[0], va), slow, entry_of(env[1], va));
		}
		answers[-quick & 15]++;
		done++;
	}
	report("%u tried, %u differ", done, wrong);
	report("done %u, -E_INVAL %u, -E_NOENT %u, -E_PERM %u", answers[0], answers[E_INVAL], answers[E_NOENT],
	    answers[E_PERM]);
}
