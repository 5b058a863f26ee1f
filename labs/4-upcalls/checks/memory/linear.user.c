// Regions, protection, dirty bits, fork trees, spawn: each by use.

#include <exo/aspace.h>
#include <exo/error.h>
#include <exo/string.h>
#include <libos/io.h>
#include <libos/memory.h>
#include <libos/process.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#ifndef TABLE
#define TABLE state_linear
#endif

#define R  RIGHT_READ
#define RW (RIGHT_READ | RIGHT_WRITE)
#define RX (RIGHT_READ | RIGHT_EXEC)

#define A 0x00800000			// 8 pages, a tree works on them
#define B 0x00a00000			// 100 pages, protected and counted
#define C 0x00c00000			// code

static volatile uint32_t *
at(uint32_t va)
{
	return (volatile uint32_t *)(uintptr_t)va;
}

static unsigned failed;

static void
check(const char *what, bool right)
{
	if (!right) {
		failed++;
		printf("WRONG: %s\n", what);
	}
}

static pinned volatile uint32_t traps, last;
static pinned volatile bool last_write;

static void
open_it(uint32_t va, bool write)
{
	traps++;
	last = va;
	last_write = write;
	unprot(va);
}

static void
regions(void)
{
	check("region", region_begin(A, 8 * PAGE_SIZE, RW) == 0);
	check("again", region_begin(A + 7 * PAGE_SIZE, 2 * PAGE_SIZE, RW) == -E_EXISTS);
	check("nothing changed", region_end(A + 8 * PAGE_SIZE, PAGE_SIZE) == -E_NOENT);
	check("unaligned", region_begin(A + 4, PAGE_SIZE, RW) == -E_INVAL);
	check("page 0", region_begin(0, PAGE_SIZE, RW) == -E_INVAL);
	check("the libOS's", region_begin(LIBOS_VA - PAGE_SIZE, 2 * PAGE_SIZE, RW) == -E_INVAL);
	check("prot", region_begin(0x900000, PAGE_SIZE, RIGHT_WRITE) == -E_INVAL &&
	    region_begin(0x900000, PAGE_SIZE, 7) == -E_INVAL);
	check("text is known", region_begin(0x10000, PAGE_SIZE, R) == -E_EXISTS);
	check("pinned", region_end(address(&traps) & ~(PAGE_SIZE - 1), PAGE_SIZE) == -E_PERM);
	check("zero", at(A)[5] == 0 && !page_dirty(A + PAGE_SIZE));
	at(A)[5] = 7;
	at(A + 3 * PAGE_SIZE)[1023] = 8;
	check("kept", at(A)[5] == 7 && at(A + 3 * PAGE_SIZE)[1023] == 8);
	check("end", region_end(A, 8 * PAGE_SIZE) == 0 && region_end(A, PAGE_SIZE) == -E_NOENT);
	check("region again", region_begin(A, 8 * PAGE_SIZE, RW) == 0);
	check("zero again", at(A)[5] == 0);
	check("read-only", region_begin(C, 2 * PAGE_SIZE, RX) == 0 && *at(C) == 0);
}

static void
protection(void)
{
	bool right = true;

	on_trap(open_it);
	check("region", region_begin(B, 100 * PAGE_SIZE, RW) == 0);
	for (unsigned i = 0; i < 100; i += 2)
		*at(B + i * PAGE_SIZE) = i + 1;
	check("protN", protN(B, 100, 0) == 0);
	for (unsigned i = 0; i < 100; i++)
		right &= *at(B + i * PAGE_SIZE) == (i % 2 ? 0 : i + 1) && traps == i + 1 &&
		    last == B + i * PAGE_SIZE && !last_write;
	check("each traps once, those not there too", right);
	check("prot1", prot1(B + 4, R) == 0 && *at(B) == 1 && traps == 100);
	*at(B) = 9;
	check("a write traps", traps == 101 && last_write && *at(B) == 9);
	check("unprot", prot1(B, 0) == 0 && unprot(B) == 0 && *at(B) == 9 && traps == 101);
	check("protN then unprotN", protN(B, 100, R) == 0 && unprotN(B, 100) == 0);
	*at(B + 99 * PAGE_SIZE) = 1;
	check("no trap", traps == 101);
	check("errors", prot1(0x700000, R) == -E_NOENT && prot1(B, 6) == -E_INVAL && prot1(B, RX) == -E_PERM &&
	    protN(B, 0, R) == -E_INVAL && protN(B, 101, R) == -E_NOENT && prot1(address(&traps), R) == -E_PERM &&
	    unprot(address(&traps)) == 0 && protN(address(&traps), 1, R) == -E_PERM &&
	    protN(B, 0xffffffff, R) == -E_INVAL && unprot(0x700000) == -E_NOENT && prot1(C, RW) == -E_PERM);
	*at(B + PAGE_SIZE) = 1;
	check("nothing changed", traps == 101);

	check("clean", page_clean(B, 100) == 0 && !page_dirty(B));
	*at(B + 5 * PAGE_SIZE) = 3;
	check("dirty", page_dirty(B + 5 * PAGE_SIZE) && !page_dirty(B + 6 * PAGE_SIZE) && *at(B + 6 * PAGE_SIZE) == 7 &&
	    !page_dirty(B + 6 * PAGE_SIZE) && traps == 101);
	check("protected and clean", prot1(B + 7 * PAGE_SIZE, R) == 0);
	*at(B + 7 * PAGE_SIZE) = 1;
	check("trapped, then noted", traps == 102 && page_dirty(B + 7 * PAGE_SIZE));
	check("clean, not there", page_clean(A + 5 * PAGE_SIZE, 2) == 0 && *at(A + 5 * PAGE_SIZE) == 0 &&
	    !page_dirty(A + 5 * PAGE_SIZE));
	*at(A + 6 * PAGE_SIZE) = 1;
	check("dirty as it comes", page_dirty(A + 6 * PAGE_SIZE));
}

static uint32_t
sum(void)
{
	uint32_t s = 0;

	for (unsigned i = 0; i < 8 * PAGE_SIZE / 4; i++)
		s = s * 31 + at(A)[i];
	return s;
}

// A tree three generations deep; every one changes a page of its own, and finds the others as they were.
static int
tree(int depth, uint32_t path)
{
	uint32_t before, ended;
	int32_t child[2], status = 1;

	at(A + (path & 7) * PAGE_SIZE)[path & 1023] += path;
	before = sum();
	if (depth == 0)
		return 1;
	for (int i = 0; i < 2; i++) {
		child[i] = fork();
		if (child[i] == 0)
			sys_exit(sum() == before && SAVE->id != 0 ? tree(depth - 1, path * 2 + i + 1) : -100);
		check("fork", child[i] > 0);
	}
	for (int i = 0; i < 2; i++) {
		status += wait(child[i], &ended);
		check("ended by itself", ended == ENDED_EXIT);
	}
	check("nobody wrote to ours", sum() == before);
	check("no such child any more", wait(child[0], NULL) == -E_NOENT);
	return failed ? -200 : status;
}

static int
kinds(void)
{
	traps = 0;
	if (*at(C) != 0 || !(page_clean(A, 1) == 0 && !page_dirty(A)))
		return 1;
	*at(A) = 5;				// shared and clean
	if (!page_dirty(A) || traps != 0)
		return 2;
	*at(B + 2 * PAGE_SIZE) = 4;		// shared and protected
	if (traps != 1 || *at(B + 2 * PAGE_SIZE) != 4 || *at(B + 3 * PAGE_SIZE) != 1003)
		return 3;
	if (traps != 2)
		return 4;
	*at(0x00b00000) = 1;			// not there yet
	if (page_dirty(0x00b01000) || !page_dirty(0x00b00000))
		return 5;
	if (page_dirty(B + 4 * PAGE_SIZE))	// clean with the parent, and still
		return 6;
	*at(B + 4 * PAGE_SIZE) = 6;
	return page_dirty(B + 4 * PAGE_SIZE) ? 0 : 7;
}

// The least of eight times in instructions (a slice may end in between).
#define COST(n, prepare, what) do { \
	n = ~0u; \
	for (int i_ = 0; i_ < 8; i_++) { \
		uint64_t t_; \
		uint32_t c_; \
		prepare; \
		t_ = sys_now(); \
		what; \
		c_ = (uint32_t)(sys_now() - t_); \
		n = c_ < n ? c_ : n; \
	} \
	n -= none; \
} while (0)

static uint32_t
mapped(void)
{
	struct env_info info;

	info.id = info.save = 0;
	sys_env_info(ENV_SELF, &info, NULL);
	return info.pages;
}

static pinned uint32_t to_unprot;

static void
just_unprot(uint32_t va, bool write)
{
	(void)write;
	unprot(va);
}

static void
appel1(uint32_t va, bool write)
{
	(void)write;
	prot1(to_unprot, R);
	unprot(va);
}

static void
costs(void)
{
	uint32_t none = 0, n[9], page = 0x00e00000;
	int32_t child = -1;

	region_end(B, 100 * PAGE_SIZE);
	region_begin(B, 100 * PAGE_SIZE, RW);
	region_begin(page, 16 * PAGE_SIZE, RW);
	for (unsigned i = 0; i < 100; i++)
		*at(B + i * PAGE_SIZE) = i;
	on_trap(just_unprot);
	COST(none, , );
	COST(n[0], prot1(B, R), *at(B) = 1);
	COST(n[1], unprot(B), prot1(B, R));
	COST(n[2], unprotN(B, 100), protN(B, 100, R));
	COST(n[3], protN(B, 100, R), unprotN(B, 100));
	COST(n[4], , page_dirty(B));
	printf("costs: trap+unprot %u, prot1 %u, prot100 %u, unprot100 %u, dirty %u\n", n[0], n[1], n[2], n[3], n[4]);
	COST(n[5], page_clean(B, 1), *at(B) = 1);
	COST(n[6], page += PAGE_SIZE, *at(page) = 1);
	on_trap(appel1);
	COST(n[7], (unprot(B + PAGE_SIZE), prot1(B, R), to_unprot = B + PAGE_SIZE), *at(B) = 1);
	on_trap(just_unprot);
	printf("first write to a clean page %u, demand zero %u, appel1 %u\n", n[5], n[6], n[7]);
	COST(n[7], child > 0 ? wait(child, NULL) : 0, child = fork(); if (child == 0) sys_exit(0));
	wait(child, NULL);
	COST(n[8], (child = fork(), child == 0 ? sys_exit(0) : (void)0, wait(child, NULL)), *at(page) = 1);
	printf("fork, %u pages mapped: %u, copy %u\n", mapped(), n[7], n[8]);
}

int
main(void)
{
	int32_t child, status;
	uint32_t ended;
	char *p, *q;

	state_table = &TABLE;
	if (libos_init() < 0)
		return 1;
	printf("%s: begun\n", state_table == &state_linear ? "linear" : "inverted");
	regions();
	protection();
	p = malloc(100000);
	q = malloc(10);
	check("heap", p != NULL && q != NULL && p + 100000 <= q);
	memset(p, 1, 100000);
	free(p);
	check("joined", malloc(50000) == p);
	status = tree(3, 1);
	printf("tree: %d\n", status);

	for (unsigned i = 0; i < 100; i++)
		*at(B + i * PAGE_SIZE) = 1000 + i;
	check("prepare", protN(B + 2 * PAGE_SIZE, 2, 0) == 0 && page_clean(B + 4 * PAGE_SIZE, 1) == 0 &&
	    region_begin(0x00b00000, 2 * PAGE_SIZE, RW) == 0);
	child = fork();
	if (child == 0)
		sys_exit(kinds());
	printf("kinds: %d\n", wait(child, &ended));
	check("ours are as they were", *at(B + 4 * PAGE_SIZE) == 1004 && !page_dirty(B + 4 * PAGE_SIZE));
	status = kinds();
	check("and ours alone", status == 0);

	child = fork();
	if (child == 0) {
		*at(0x00700000) = 1;
		sys_exit(0);
	}
	status = wait(child, &ended);
	printf("astray: %d, %u\n", status, ended);
	child = fork();
	if (child == 0) {
		((void (*)(void))0x00700000)();
		sys_exit(0);
	}
	printf("fetched astray: %d\n", wait(child, &ended));
	child = fork();
	if (child == 0) {
		on_trap(NULL);
		*at(0x10000) = 1;
	}
	printf("wrote to text: %d\n", wait(child, &ended));
	child = fork();
	if (child == 0) {
		check("beyond", prot1(0x50000000, R) == -E_NOENT && unprot(0xfffff000) == -E_NOENT &&
		    !page_dirty(0xe8000000));
		on_trap(NULL);
		sys_exit(*at(0x40010000));
	}
	printf("read the kernel: %d\n", wait(child, &ended));
	child = fork();
	if (child == 0)
		__asm__ volatile("udf #0");
	printf("undefined: %d\n", wait(child, &ended));
	check("no such program", spawn("nobody") == -E_NOENT);
	printf("spawned: %d\n", wait(spawn("other"), &ended));
	costs();
	printf("%u wrong\n", failed);
	return 0;
}
