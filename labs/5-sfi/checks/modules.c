// The nine modules of modules/, each three times (kernel/lab.mk): rewritten; with its stores and jumps guarded alone, which the
// loader has to refuse; and as the compiler makes it. The last two are mapped by this file, and run as
// if they had been accepted, so that what guards cost can be counted. Also for `make bench`.

#include <exo/arm.h>
#include <exo/board.h>
#include <exo/check.h>
#include <exo/kmap.h>
#include <exo/module.h>
#include <exo/string.h>
#include <exo/user.h>

#define CODE 13				// windows, for which they are linked
#define DATA 14
#define PAGES 20			// of data, and of code
#define STACK_PAGES ((MODULE_STACK_TOP - MODULE_STACK) / PAGE_SIZE)

static uint8_t pages[2 * PAGES + STACK_PAGES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct module unsafe;

// As module_load() does it, but for what makes it safe.
static void
put(const struct module_file *f)
{
	const uint8_t *code = (const uint8_t *)(f + 1);

	memset(pages, 0, sizeof pages);
	memcpy(pages[PAGES], code, f->code);
	memcpy(pages[0], code + f->code, f->data);
	user_code(pages[PAGES], f->code);
	for (unsigned i = 0; i < PAGES; i++) {
		alias_map(DATA, MODULE_DATA / PAGE_SIZE + i, v2p(pages[i]), RIGHT_READ | RIGHT_WRITE);
		alias_map(CODE, MODULE_CODE / PAGE_SIZE + i, v2p(pages[PAGES + i]), RIGHT_READ | RIGHT_EXEC);
	}
	for (unsigned i = 0; i < STACK_PAGES; i++)
		alias_map(DATA, MODULE_STACK / PAGE_SIZE + i, v2p(pages[2 * PAGES + i]), RIGHT_READ | RIGHT_WRITE);
	alias_map(CODE, 0, v2p(module_entries), RIGHT_READ | RIGHT_EXEC);
	alias_map(CODE, MODULE_LITERALS / PAGE_SIZE, v2p(module_literals), RIGHT_READ);
	unsafe.code = (uintptr_t)alias_address(CODE);
	unsafe.data = (uintptr_t)alias_address(DATA);
	unsafe.sp = unsafe.data + MODULE_STACK_TOP;
	unsafe.lr = unsafe.code + 4 * RUNTIME_RETURN;
}

// How a variant is called: as if it had been accepted, or by the kernel's own way.
static int
call_unsafe(const void *file, uint32_t *result)
{
	const struct module_file *f = file;
	uint32_t vectors = vbar_read(), args[4] = { params()->seed };
	int status;

	vbar_write((uintptr_t)module_vectors);
	isb();
	status = module_enter(&unsafe, unsafe.code + f->calls[0] % MODULE_SEGMENT, args, result);
	vbar_write(vectors);
	isb();
	return status;
}

static int
call_safe(const void *number, uint32_t *result)
{
	uint32_t args[4] = { params()->seed };

	return module_call(*(const int *)number, 0, args, result);
}

// A function for each module and variant, so that each has marks of its own.
typedef int call(int (*how)(const void *, uint32_t *), const void *what, uint32_t *result);

#define COUNTED(variant, name) \
	counted static int \
	variant##_##name(int (*how)(const void *, uint32_t *), const void *what, uint32_t *result) \
	{ \
		int status; \
		MARK(variant##_##name##_begin); \
		status = how(what, result); \
		MARK(variant##_##name##_end); \
		return status; \
	}
#define VARIANTS(name) COUNTED(stores, name) COUNTED(plain, name) COUNTED(safe, name)
#define EACH(of) of(crc32) of(sha256) of(quicksort) of(heapsort) of(matrix) of(strstr) of(lz) of(list) of(states)
EACH(VARIANTS)

#define ROW(name) { #name, stores_##name, plain_##name, safe_##name },
static const struct row {
	const char *name;
	call *stores, *plain, *safe;
} rows[] = { EACH(ROW) };

static const struct program *
variant(const char *name, const char *suffix)
{
	char of[24];

	memcpy(of, name, strlen(name) + 1);
	memcpy(of + strlen(of), suffix, strlen(suffix) + 1);
	return program_find(of);
}

static void
one(const struct row *r)
{
	const struct program *p = variant(r->name, ".stores");
	const void *f = p->start;
	uint32_t refused = 0, result = 0;
	int n = module_load(f, p->end - p->start, 0, 0, &refused), status;

	report("loose %s %d %x", r->name, n, refused);
	put(f);
	status = r->stores(call_unsafe, f, &result);
	report("stores %s %d %x", r->name, status, result);

	p = variant(r->name, ".plain");
	f = p->start;
	put(f);
	status = r->plain(call_unsafe, f, &result);
	report("plain %s %d %x", r->name, status, result);

	p = program_find(r->name);
	n = module_load(p->start, p->end - p->start, 0, 0, &refused);
	if (n < 0) {
		report("refused %s %d %x", r->name, n, refused);
		return;
	}
	status = r->safe(call_safe, &n, &result);
	report("safe %s %d %x", r->name, status, result);
	if (status != 0)
		report("stopped %s %u %x %x", r->name, module_find(n)->end.trap, module_find(n)->end.pc,
		    module_find(n)->end.address);
	module_unload(n);
}

void
check_main(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		one(&rows[i]);
}
