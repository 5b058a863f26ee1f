// The nine modules of checks/modules in six designs, for `make bench` alone: counted, measured in bytes, and
// verified by each design's verifier. All but the first design's are mapped by this file, and run as if a
// loader had accepted them, by the gate of the first. Where they lie and where sp points is what the
// instructions that they execute depend on, and that is as in production: bundles below 1 GB, code that System
// mode may execute among it; unprivileged accesses to pages of an application's, in its address space, by a
// module whose code is the kernel's. What is left out is a loader, a runtime and vectors of their own for each,
// which nothing of what is counted enters.

#include <exo/arm.h>
#include <exo/aspace.h>
#include <exo/board.h>
#include <exo/check.h>
#include <exo/kmap.h>
#include <exo/module.h>
#include <exo/page.h>
#include <exo/string.h>
#include <exo/user.h>

#include "../../../kernel/sfi/rivals/bundles.c"
#undef SP
#undef PC
#include "../../../kernel/sfi/rivals/matching.c"
#include "../../../kernel/sfi/rivals/unprivileged.c"

#define CODE 13				// windows of exo/kmap.h
#define DATA_WINDOW 14
#define USER_CODE 0x10000000
#define USER_DATA 0x20000000
#define PAGES 20			// of data, and of code
#define STACK_PAGES ((MODULE_STACK_TOP - MODULE_STACK) / PAGE_SIZE)

static struct module as_if;
static struct aspace owner;
static physaddr_t code_pages[PAGES], data_pages[PAGES], stack_pages[STACK_PAGES], entries, literals;

static physaddr_t
new_page(void)
{
	static const struct guard nobody;
	physaddr_t pa = 0;

	if (page_alloc(PAGE_ANY, OWNER_KERNEL, &nobody, &pa) != 0)
		report("no page");
	return pa;
}

static void
map_for_owner(uint32_t va, physaddr_t pa, uint32_t prot)
{
	if (as_map(&owner, va, pa, prot, prot) != 0)
		report("not mapped %x", va);
}

// The same pages in both places; unmapped megabytes around.
static void
map(void)
{
	const uint32_t rw = RIGHT_READ | RIGHT_WRITE, rx = RIGHT_READ | RIGHT_EXEC;

	as_create(&owner, 2, 1);
	entries = new_page();
	literals = new_page();
	memcpy(p2v(entries), module_entries, PAGE_SIZE);
	memcpy(p2v(literals), module_literals, PAGE_SIZE);
	user_code(p2v(entries), PAGE_SIZE);
	map_for_owner(USER_CODE, entries, rx);
	map_for_owner(USER_CODE + MODULE_LITERALS, literals, RIGHT_READ);
	alias_map(CODE, 0, entries, rx);
	alias_map(CODE, MODULE_LITERALS / PAGE_SIZE, literals, RIGHT_READ);
	for (unsigned i = 0; i < PAGES; i++) {
		code_pages[i] = new_page();
		data_pages[i] = new_page();
		map_for_owner(USER_CODE + MODULE_CODE + i * PAGE_SIZE, code_pages[i], rx);
		map_for_owner(USER_DATA + MODULE_DATA + i * PAGE_SIZE, data_pages[i], rw);
		alias_map(CODE, MODULE_CODE / PAGE_SIZE + i, code_pages[i], rx);
		alias_map(DATA_WINDOW, MODULE_DATA / PAGE_SIZE + i, data_pages[i], rw);
	}
	for (unsigned i = 0; i < STACK_PAGES; i++) {
		stack_pages[i] = new_page();
		map_for_owner(USER_DATA + MODULE_STACK + i * PAGE_SIZE, stack_pages[i], rw);
		alias_map(DATA_WINDOW, MODULE_STACK / PAGE_SIZE + i, stack_pages[i], rw);
	}
	((uint32_t *)p2v(owner.l1))[USER_CODE / SECTION_SIZE] &= ~L1_TABLE_PXN;
	user_code(p2v(owner.l1), PAGE_SIZE);
	dsb();
	tlbiall(0);
	dsb();
	as_switch(&owner);
}

static void
copy(const physaddr_t *to, unsigned pages, const uint8_t *from, uint32_t size)
{
	for (unsigned i = 0; i < pages; i++, from += PAGE_SIZE) {
		uint32_t n = size < PAGE_SIZE ? size : PAGE_SIZE;

		memset(p2v(to[i]), 0, PAGE_SIZE);
		memcpy(p2v(to[i]), from, n);
		user_code(p2v(to[i]), PAGE_SIZE);
		size -= n;
	}
}

enum { PLAIN, STORES, FIRST, MATCHING, BUNDLES, UNPRIVILEGED, DESIGNS };
static const char *const designs[] = { "plain", "stores", "first", "matching", "bundles", "unprivileged" };

static void
put(const struct module_file *f, int design)
{
	const uint8_t *code = (const uint8_t *)(f + 1);

	if (f->code > PAGES * PAGE_SIZE || f->data + f->bss > PAGES * PAGE_SIZE)
		report("too large");
	copy(code_pages, PAGES, code, f->code);
	copy(data_pages, PAGES, code + f->code, f->data);
	as_if.code = design == BUNDLES ? USER_CODE : (uintptr_t)alias_address(CODE);
	as_if.data = design == BUNDLES || design == UNPRIVILEGED ? USER_DATA : (uintptr_t)alias_address(DATA_WINDOW);
	as_if.r8 = design == MATCHING ? as_if.data : 0;
	as_if.sp = as_if.data + MODULE_STACK_TOP;
	as_if.lr = as_if.code + 4 * RUNTIME_RETURN;
}

static int
call_as_if(const void *file, uint32_t *result)
{
	const struct module_file *f = file;
	uint32_t vectors = vbar_read(), args[4] = { params()->seed };
	int status;

	vbar_write((uintptr_t)module_vectors);
	isb();
	status = module_enter(&as_if, as_if.code + f->calls[0] % MODULE_SEGMENT, args, result);
	vbar_write(vectors);
	isb();
	return status;
}

static int
call_loaded(const void *number, uint32_t *result)
{
	uint32_t args[4] = { params()->seed };

	return module_call(*(const int *)number, 0, args, result);
}

// A function for each module and design, so that each has marks of its own.
typedef int call(int (*how)(const void *, uint32_t *), const void *what, uint32_t *result);

#define COUNTED(design, name) \
	counted static int \
	design##_##name(int (*how)(const void *, uint32_t *), const void *what, uint32_t *result) \
	{ \
		int status; \
		MARK(design##_##name##_begin); \
		status = how(what, result); \
		MARK(design##_##name##_end); \
		return status; \
	}
#define ALL(name) COUNTED(plain, name) COUNTED(stores, name) COUNTED(first, name) \
	COUNTED(matching, name) COUNTED(bundles, name) COUNTED(unprivileged, name)
#define EACH(of) of(crc32) of(sha256) of(quicksort) of(heapsort) of(matrix) of(strstr) of(lz) of(list) of(states)
EACH(ALL)

#define ROW(name) \
	{ #name, { plain_##name, stores_##name, first_##name, matching_##name, bundles_##name, unprivileged_##name }, { 0 } },
static struct row {
	const char *name;
	call *call[DESIGNS];
	const struct module_file *file[DESIGNS];
} rows[] = { EACH(ROW) };

// What a verifier takes for all nine.
static uint32_t
verify_first(const uint32_t *code, uint32_t size)
{
	return verify(code, size, 0);
}

#define VERIFIED(design, number) \
	counted static void \
	verified_##design(void) \
	{ \
		uint32_t refused[ARRAY_SIZE(rows)]; \
		MARK(design##_verify_begin); \
		for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) { \
			const struct module_file *f = rows[i].file[number]; \
			refused[i] = verify_##design((const uint32_t *)(f + 1), f->code); \
		} \
		MARK(design##_verify_end); \
		for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) \
			if (refused[i] != ~0u) \
				report("refused %s %s %x", #design, rows[i].name, refused[i]); \
	}
VERIFIED(first, FIRST) VERIFIED(matching, MATCHING) VERIFIED(bundles, BUNDLES) VERIFIED(unprivileged, UNPRIVILEGED)

static const struct module_file *
find(const char *name, int design)
{
	char of[32];
	const struct program *p;

	memcpy(of, name, strlen(name) + 1);
	if (design != FIRST) {
		of[strlen(name)] = '.';
		memcpy(of + strlen(name) + 1, designs[design], strlen(designs[design]) + 1);
	}
	p = program_find(of);
	return p != NULL ? (const struct module_file *)p->start : NULL;
}

static void
one(const struct row *r, int design)
{
	const struct module_file *f = r->file[design];
	uint32_t refused = 0, result = 0;
	int status;

	if (design == FIRST) {
		int n = module_load(f, sizeof *f + f->code + f->data, 0, 0, &refused);

		status = n < 0 ? n : r->call[design](call_loaded, &n, &result);
		module_unload(n);
	} else {
		put(f, design);
		status = r->call[design](call_as_if, f, &result);
	}
	report("result %s %s %d %x", designs[design], r->name, status, result);
	report("bytes %s %s %u", designs[design], r->name, f->code);
}

void
check_main(void)
{
	map();
	for (int design = 0; design < DESIGNS; design++) {
		uint32_t words = 0;

		for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
			rows[i].file[design] = find(rows[i].name, design);
			words += rows[i].file[design]->code / 4;
		}
		report("words %s %u", designs[design], words);
	}
	verified_first();
	verified_matching();
	verified_bundles();
	verified_unprivileged();
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		for (int design = 0; design < DESIGNS; design++)
			one(&rows[i], design);
}
