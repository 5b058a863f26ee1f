// Modules (exo/module.h): loading, calling and unloading them, and what their runtime does in C.

#include <exo/arm.h>
#include <exo/board.h>
#include <exo/env.h>
#include <exo/error.h>
#include <exo/gic.h>
#include <exo/gpio.h>
#include <exo/kmap.h>
#include <exo/module.h>
#include <exo/page.h>
#include <exo/printk.h>
#include <exo/register.h>
#include <exo/string.h>
#include <exo/user.h>

#define CNTV_CTL_ENABLE 1

enum segment { DATA, CODE, SEGMENTS };

struct module modules[MODULE_COUNT];

// The pages of each segment that are the module's own; 0: nothing, or no page of its own, is mapped there.
static physaddr_t pages[MODULE_COUNT][SEGMENTS][L2_ENTRIES];

_Static_assert(2 * ALIAS_STEP == 1 << 22 && ALIAS_BASE % (MODULE_COUNT << 22) == 0 && MODULE_COUNT == 8,
    "bits 24:22 of a segment's address are the module's number, as entries.S has it");

struct module *
module_find(unsigned n)
{
	return n < MODULE_COUNT && modules[n].live ? &modules[n] : NULL;
}

// Map size bytes, in whole pages, from `at` on as new pages: `bytes` from `from`, then UDF in code and zeros in data.
static int
fill(unsigned n, enum segment s, uint32_t at, uint32_t size, uint32_t owner, const void *from, uint32_t bytes)
{
	const struct env *env = env_find(owner);
	static const struct guard nobody;

	for (uint32_t done = 0; done < size; done += PAGE_SIZE) {
		uint32_t left = done < bytes ? bytes - done : 0, copied = left < PAGE_SIZE ? left : PAGE_SIZE;
		physaddr_t *pa = &pages[n][s][(at + done) / PAGE_SIZE];
		int error = page_alloc(PAGE_ANY, owner, env != NULL ? &env->guard : &nobody, pa);
		uint32_t *page = p2v(*pa);

		if (error < 0)
			return error;
		for (uint32_t i = copied / 4; i < PAGE_SIZE / 4; i++)
			page[i] = s == CODE ? MODULE_UDF : 0;
		memcpy(page, (const uint8_t *)from + done, copied);
		alias_map(2 * n + s, (at + done) / PAGE_SIZE, *pa, s == CODE ? RIGHT_READ : RIGHT_READ | RIGHT_WRITE);
	}
	return 0;
}

// Nothing is mapped in its windows any more, and its pages are let go of.
static void
empty(unsigned n)
{
	for (enum segment s = DATA; s < SEGMENTS; s++)
		for (unsigned i = 0; i < L2_ENTRIES; i++) {
			physaddr_t pa = pages[n][s][i];

			if (pa == 0)
				continue;
			alias_map(2 * n + s, i, 0, 0);
			page_release(pa);
			pages[n][s][i] = 0;
		}
	alias_map(2 * n + CODE, 0, 0, 0);
	alias_map(2 * n + CODE, MODULE_LITERALS / PAGE_SIZE, 0, 0);
	memset(&modules[n], 0, sizeof modules[n]);
}

// What the file says of itself may be anything. No sum here exceeds 32 bits.
static bool
is_file(const struct module_file *f, uint32_t size)
{
	if (f->magic != MODULE_MAGIC || f->code == 0 || f->code % 4 != 0 || f->code > MODULE_CODE_MAX ||
	    f->data > MODULE_DATA_MAX || f->bss > MODULE_DATA_MAX - f->data || size != sizeof *f + f->code + f->data)
		return false;
	for (unsigned i = 0; i < MODULE_CALLS; i++) {
		uint32_t at = f->calls[i] % MODULE_SEGMENT;

		if (at != 0 && (at % 4 != 0 || at < MODULE_CODE || at - MODULE_CODE >= f->code))
			return false;
	}
	return true;
}

// What is verified is the copy, where it will be run, and nobody can write to it any more.
int
module_load(const void *file, uint32_t size, uint32_t owner, uint32_t pins, uint32_t *refused)
{
	struct module_file f;
	const uint8_t *code = (const uint8_t *)file + sizeof f;
	uint32_t at, last;
	struct module *m;
	unsigned n = 0;
	int error;

	if (size < sizeof f)
		return -E_INVAL;
	memcpy(&f, file, sizeof f);
	if (!is_file(&f, size))
		return -E_INVAL;
	while (module_find(n) != NULL)
		if (++n == MODULE_COUNT)
			return -E_NOMEM;
	m = &modules[n];
	m->data = (uintptr_t)alias_address(2 * n + DATA);
	m->code = (uintptr_t)alias_address(2 * n + CODE);
	error = fill(n, CODE, MODULE_CODE, f.code, OWNER_KERNEL, code, f.code);
	if (error == 0)
		error = fill(n, DATA, MODULE_DATA, f.data + f.bss, owner != 0 ? owner : OWNER_KERNEL,
		    code + f.code, f.data);
	if (error == 0)
		error = fill(n, DATA, MODULE_STACK, MODULE_STACK_TOP - MODULE_STACK, OWNER_KERNEL, NULL, 0);
	if (error == 0) {
		at = verify((const uint32_t *)(uintptr_t)(m->code + MODULE_CODE), f.code, pins);
		if (at != ~0u) {
			*refused = at;
			error = -E_PERM;
		}
	}
	if (error < 0) {
		empty(n);
		return error;
	}
	last = (MODULE_CODE + f.code - 1) / PAGE_SIZE;
	for (unsigned i = MODULE_CODE / PAGE_SIZE; i <= last; i++) {
		user_code(p2v(pages[n][CODE][i]), PAGE_SIZE);
		alias_map(2 * n + CODE, i, pages[n][CODE][i], RIGHT_READ | RIGHT_EXEC);
	}
	alias_map(2 * n + CODE, 0, v2p(module_entries), RIGHT_READ | RIGHT_EXEC);
	alias_map(2 * n + CODE, MODULE_LITERALS / PAGE_SIZE, v2p(module_literals), RIGHT_READ);
	m->r8 = pins != 0 ? (uintptr_t)mmio(BOARD_GPIO_PA) : 0;
	m->sp = m->data + MODULE_STACK_TOP;
	m->lr = m->code + 4 * RUNTIME_RETURN;
	for (unsigned i = 0; i < MODULE_CALLS; i++)
		m->calls[i] = f.calls[i] % MODULE_SEGMENT != 0 ? m->code + f.calls[i] % MODULE_SEGMENT : 0;
	m->owner = owner;
	m->pins = pins;
	m->code_size = f.code;
	m->data_size = f.data + f.bss;
	m->live = true;
	return n;
}

int
module_call(unsigned n, unsigned call, const uint32_t args[4], uint32_t *result)
{
	struct module *m = module_find(n);
	uint32_t vectors = vbar_read(), priorities = *mmio(BOARD_GICC_PA + GICC_PMR);
	int status;

	if (m == NULL || call >= MODULE_CALLS || m->calls[call] == 0)
		return -E_NOENT;
	if (m->frame != 0)
		return -E_BUSY;
	m->frame = 1;
	*mmio(BOARD_GICC_PA + GICC_PMR) = GIC_PRIORITY;	// for what is urgent alone
	dsb();
	cntv_tval_write(MODULE_TICKS);
	cntv_ctl_write(CNTV_CTL_ENABLE);
	vbar_write((uintptr_t)module_vectors);
	isb();
	status = module_enter(m, m->calls[call], args, result);
	vbar_write(vectors);
	cntv_ctl_write(0);
	isb();
	*mmio(BOARD_GICC_PA + GICC_PMR) = priorities;
	m->frame = 0;
	return status;
}

int
module_unload(unsigned n)
{
	const struct module *m = module_find(n);

	if (m == NULL)
		return -E_NOENT;
	if (m->frame != 0)
		return -E_BUSY;
	empty(n);
	return 0;
}

int
module_page(unsigned n, uint32_t offset, physaddr_t *pa)
{
	const struct module *m = module_find(n);

	if (m == NULL)
		return -E_NOENT;
	if (offset < MODULE_DATA || offset - MODULE_DATA >= m->data_size)
		return -E_INVAL;
	*pa = pages[n][DATA][offset / PAGE_SIZE];
	return 0;
}

void
module_forget(uint32_t owner)
{
	for (unsigned n = 0; n < MODULE_COUNT; n++)
		if (modules[n].live && modules[n].owner == owner)
			empty(n);
}

// For entries.S: the module whose r9 this is has been stopped at pc; its status.
int module_stopped(uint32_t pc, unsigned trap, uint32_t r9);
int
module_stopped(uint32_t pc, unsigned trap, uint32_t r9)
{
	struct module *m = &modules[r9 / (2 * ALIAS_STEP) % MODULE_COUNT];
	struct module_end end = { .status = -E_FAULT, .trap = trap };

	if (pc - m->code >= MODULE_SEGMENT)
		pc = r9;			// it was in a stub, and would have gone on there
	end.pc = pc % MODULE_SEGMENT;
	if (trap == TRAP_IRQ) {
		end.status = -E_TIME;
	} else if (trap == TRAP_DATA_ABORT) {
		end.cause = dfsr_read();
		end.address = dfar_read();
	} else if (trap == TRAP_PREFETCH_ABORT) {
		end.cause = ifsr_read();
		end.address = ifar_read();
	}
	m->end = end;
	return end.status;
}

// Runtime entries: r1 of the result is 0.
uint64_t runtime_send(uint32_t address, uint32_t size, const struct module *m);
uint64_t
runtime_send(uint32_t address, uint32_t size, const struct module *m)
{
	uint32_t at = address % MODULE_SEGMENT;
	uint32_t end = at >= MODULE_STACK ? MODULE_STACK_TOP : MODULE_DATA + m->data_size;

	if (at < MODULE_DATA || at > end || size > end - at || size > PAGE_SIZE)
		return (uint32_t)-E_FAULT;
	for (uint32_t i = 0; i < size; i++)
		printk("%c", ((const char *)(uintptr_t)(m->data + at))[i]);
	return size;
}

uint64_t runtime_direction(uint32_t mask, uint32_t out, const struct module *m);
uint64_t
runtime_direction(uint32_t mask, uint32_t out, const struct module *m)
{
	if ((mask & ~m->pins) != 0)
		return (uint32_t)-E_PERM;
	gpio_direction(mask, out);
	return 0;
}
