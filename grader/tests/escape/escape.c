// Modules that nobody wrote (test_escape.py): random words that the verifier accepts, and good modules in which words were
// exchanged for such. Each runs with random registers, many of them addresses that it must not reach; before and behind
// a call all memory but the module's own data, and all that the kernel has in its registers, is compared.

#include <exo/arm.h>
#include <exo/board.h>
#include <exo/check.h>
#include <exo/error.h>
#include <exo/gic.h>
#include <exo/kmap.h>
#include <exo/module.h>
#include <exo/page.h>
#include <exo/register.h>
#include <exo/string.h>
#include <exo/user.h>

#include "../../../labs/5-sfi/checks/masks.h"

#define POOL      0x100000		// bytes of RAM that pages come from
#define FUNCTIONS MODULE_CALLS
#define BODY      12			// random words of each
#define BYSTANDERS 2
#define DATA      0x4000			// bytes of a module's .bss, and of its stack
#define TOLD      8

enum { MADE, MUTATED };

struct input {
	uint32_t made, mutated;		// how many modules of each kind
	uint32_t ticks[2];		// how long a call of one may run
};

static struct {
	uint64_t random;
	struct { struct module_file head; uint32_t code[0x4000]; } file;
	uint32_t size, pins, function, args[4], result;
	int number;
	uint32_t told, words, ends[3];
	uint32_t before[20], behind[20];
} own;					// what may change

extern struct { uint32_t in[10], out[10], sp, sp_after; } escape_kept;
extern uint32_t escape_flag;
extern void escaped(void);
int escape_shot(void);
int escape_call(void);

uint32_t escape_hash(const uint32_t *from, const uint32_t *to, uint32_t sum);
void escape_banked(uint32_t *to);
extern const uint8_t bystander[], bystander_end[];

static uint32_t canary[1024];		// that anybody may aim at

extern uint8_t __text_start[], __svc_stack_bottom[], __svc_stack_top[];
static uint8_t *stack;			// from here up nothing changes


static uint32_t
pick(uint32_t n)
{
	return (random64(&own.random) >> 20) % n;
}

// A register's content: most times an address of something.
static uint32_t
interesting(void)
{
	uint32_t data = 0xc0000000 + pick(4) * 2 * ALIAS_STEP, code = data + ALIAS_STEP, near = pick(64) * 4 - 128;
	const uint32_t at[] = {
		(uintptr_t)canary + pick(sizeof canary), (uintptr_t)escaped, (uintptr_t)&escape_flag,
		(uintptr_t)&modules[pick(MODULE_COUNT)], (uintptr_t)__svc_stack_top - pick(512), (uintptr_t)module_vectors,
		data + MODULE_DATA + near, data + MODULE_STACK_TOP + near, data + MODULE_SEGMENT + near,
		data + pick(MODULE_SEGMENT), code + near, code + MODULE_CODE + pick(1024),
		BOARD_GICC_PA + GICC_PMR + BOARD_MMIO_OFFSET, near, random64(&own.random),
	};

	return at[pick(ARRAY_SIZE(at))];
}

// A word that the verifier accepts there: of one of the diagrams, or of none.
static uint32_t
accepted_word(uint32_t offset, uint32_t end)
{
	const struct form *f = NULL;

	for (uint32_t i = 0; ; i++) {
		uint64_t r = random64(&own.random);
		uint32_t word = r;

		if (i % 64 == 0)
			f = pick(8) == 0 ? NULL : &forms[pick(ARRAY_SIZE(forms))];
		if (f != NULL)
			word = (word & ~f->mask) | f->value;
		for (unsigned k = 0; f != NULL && k < f->count; k++) {
			const struct need *n = &f->need[k];

			if (n->kind == BASE)
				word = (word & ~(15u << n->at[0])) | (r >> 59 & 1 ? 10u : 13u) << n->at[0];
			if (n->kind == LIST || n->kind == LOAD)
				word &= ~0xa600u;
			if (n->kind == TARGET) {
				uint32_t to = pick(4) == 0 ? 4 * pick(MODULE_ENTRIES) : offset - 32 + 4 * pick(32);

				word = (word & 0xff000000) | ((to - offset - 8) >> 2 & 0xffffff);
			}
		}
		if (f != NULL && (r >> 42 & 7) == 0)		// or of nearly one
			word ^= 1u << (r >> 45 & 31);
		if (r >> 40 & 3)
			word = (word & 0x0fffffff) | 0xe0000000;
		if (verify_word(word, offset, end, own.pins)) {
			own.words++;
			return word;
		}
	}
}

// MOVW and MOVT of what may be an address; into r6 or r7, from which r10 is set, of the module's data most times.
static uint32_t *
set(uint32_t *code, unsigned reg)
{
	uint32_t value = (reg == 6 ? MODULE_STACK : MODULE_DATA) + PAGE_SIZE + pick(DATA - 2 * PAGE_SIZE) / 8 * 8;

	if (reg / 2 != 3 || pick(8) == 0)
		value = interesting();

	*code++ = 0xe3000000 | (value & 0xf000) << 4 | reg << 12 | (value & 0xfff);
	*code++ = 0xe3400000 | (value >> 12 & 0xf0000) | reg << 12 | (value >> 16 & 0xfff);
	return code;
}

static void
make(void)
{
	enum { SET = 8, EACH = 2 * SET + 4 + BODY + 1 };
	static const uint8_t regs[SET] = { 4, 5, 6, 7, 11, 12, 14, 3 };
	uint32_t *code = own.file.code, end = MODULE_CODE + 4 * FUNCTIONS * EACH;

	memset(&own.file.head, 0, sizeof own.file.head);
	own.file.head.magic = MODULE_MAGIC;
	own.file.head.code = 4 * FUNCTIONS * EACH;
	own.file.head.bss = DATA;
	own.size = sizeof own.file.head + own.file.head.code;
	for (unsigned f = 0; f < FUNCTIONS; f++) {
		uint32_t *from = code, offset = MODULE_CODE + 4 * (from - own.file.code);

		own.file.head.calls[f] = offset;
		for (unsigned i = 0; i < SET; i++)
			code = set(code, regs[i]);
		*code++ = 0xe7d3a010 | (pick(8) != 0 ? 6 : pick(8));	// r10, sp, perhaps r9
		*code++ = pick(8) != 0 ? 0xe1a0d00a : 0xe320f000;
		*code++ = 0xe7d3a010 | (pick(8) != 0 ? 7 : pick(8));
		*code++ = pick(4) == 0 ? 0xe7d39110 | pick(8) : 0xe320f000;
		for (unsigned i = 0; i < BODY; i++, code++)
			*code = accepted_word(MODULE_CODE + 4 * (code - own.file.code), end);
		*code = 0xea000000 | ((4 * RUNTIME_RETURN - (MODULE_CODE + 4 * (code - own.file.code)) - 8) >> 2 & 0xffffff);
		code++;
	}
}

static void
mutate(void)
{
	static const char *const names[] = { "quicksort", "lz", "sha256", "strstr" };
	const struct program *p = program_find(names[pick(ARRAY_SIZE(names))]);
	uint32_t end;

	own.size = p->end - p->start;
	memcpy(&own.file, p->start, own.size);
	end = MODULE_CODE + own.file.head.code;
	for (unsigned n = 1 + pick(6); n > 0; n--) {
		uint32_t i = pick(own.file.head.code / 4), *word = &own.file.code[i], offset = MODULE_CODE + 4 * i, other;

		do
			other = pick(4) == 0 ? accepted_word(offset, end) : *word ^ 1u << pick(32);
		while (!verify_word(other, offset, end, own.pins));
		own.words++;
		*word = other;
	}
}

struct part {
	const void *from, *to;
};

// All memory that a call must leave as it was.
static uint32_t
hash(void)
{
	struct part but[] = { { &own, &own + 1 }, { modules, modules + MODULE_COUNT }, { &escape_kept, &escape_kept + 1 } };
	const uint8_t *from = __text_start;
	uint32_t sum = 0;

	for (unsigned n = 0; n < ARRAY_SIZE(but); n++) {	// the lowest first
		for (unsigned i = n + 1; i < ARRAY_SIZE(but); i++)
			if (but[i].from < but[n].from) {
				struct part other = but[i];

				but[i] = but[n];
				but[n] = other;
			}
		sum = escape_hash((const uint32_t *)from, but[n].from, sum);
		from = but[n].to;
	}
	sum = escape_hash((const uint32_t *)from, (const uint32_t *)__svc_stack_bottom, sum);
	sum = escape_hash((const uint32_t *)stack, (const uint32_t *)__svc_stack_top, sum);
	for (unsigned n = 0; n < MODULE_COUNT; n++) {
		const struct module *m = module_find(n);
		const uint8_t *data, *code;

		if (m == NULL)
			continue;
		data = (const uint8_t *)(uintptr_t)m->data;
		code = (const uint8_t *)(uintptr_t)m->code;
		sum = escape_hash((const uint32_t *)code, (const uint32_t *)(code + MODULE_CODE + m->code_size), sum);
		if ((int)n == own.number)
			continue;
		sum = escape_hash((const uint32_t *)(data + MODULE_DATA), (const uint32_t *)(data + MODULE_DATA + m->data_size), sum);
		sum = escape_hash((const uint32_t *)(data + MODULE_STACK), (const uint32_t *)(data + MODULE_STACK_TOP), sum);
	}
	return sum;
}

static void
look(uint32_t to[20])
{
	uint32_t all[] = { sctlr_read(), cpacr_read(), ttbr0_read(), ttbr1_read(), ttbcr_read(), dacr_read(), vbar_read(),
		contextidr_read(), tpidrprw_read(), cntkctl_read(), cntv_ctl_read() & 1, *mmio(BOARD_GICC_PA + GICC_PMR),
		cpsr_read() & 0x1ff };

	memcpy(to, all, sizeof all);
	escape_banked(to + ARRAY_SIZE(all));		// FIQ mode's r8 to r14
}

static void
tell(const char *what, uint32_t a, uint32_t b)
{
	if (own.told++ >= TOLD)
		return;
	report("escape %s %x %x function %u of", what, a, b, own.function);
	for (uint32_t i = 0; i < own.file.head.code / 4 && i < 400; i += 8)
		report("code %x %x %x %x %x %x %x %x", own.file.code[i], own.file.code[i + 1], own.file.code[i + 2],
		    own.file.code[i + 3], own.file.code[i + 4], own.file.code[i + 5], own.file.code[i + 6], own.file.code[i + 7]);
}

// For escape_shot(): module_call(), but for how long it may take.
int
escape_call(void)
{
	const struct input *in = (const struct input *)params()->input;
	uint32_t vectors = vbar_read(), priorities = *mmio(BOARD_GICC_PA + GICC_PMR);
	struct module *m = module_find(own.number);
	int status;

	if (pick(64) == 0)
		return module_call(own.number, own.function, own.args, &own.result);
	m->frame = 1;
	*mmio(BOARD_GICC_PA + GICC_PMR) = GIC_PRIORITY;
	dsb();
	cntv_tval_write(in->ticks[own.file.head.data != 0 ? MUTATED : MADE]);
	cntv_ctl_write(1);
	vbar_write((uintptr_t)module_vectors);
	isb();
	status = module_enter(m, m->calls[own.function], own.args, &own.result);
	vbar_write(vectors);
	cntv_ctl_write(0);
	isb();
	*mmio(BOARD_GICC_PA + GICC_PMR) = priorities;
	m->frame = 0;
	return status;
}

static void
one(unsigned kind)
{
	uint32_t refused = 0, before, behind, busy = 0;
	unsigned calls = 0;

	own.pins = pick(4) == 0 && kind == MADE ? pick(256) : 0;
	if (kind == MADE)
		make();
	else
		mutate();
	own.number = module_load(&own.file, own.size, 0, own.pins, &refused);
	if (own.number < 0) {
		tell("no: it is refused", own.number, refused);
		return;
	}
	look(own.before);
	before = hash();
	for (own.function = 0; own.function < MODULE_CALLS; own.function++) {
		int status;

		if (own.file.head.calls[own.function] % MODULE_SEGMENT == 0)
			break;
		for (unsigned i = 0; i < ARRAY_SIZE(own.args); i++)
			own.args[i] = interesting();
		for (unsigned i = 0; i < ARRAY_SIZE(escape_kept.in); i++)
			escape_kept.in[i] = random64(&own.random);
		status = escape_shot();
		own.ends[status == 0 ? 0 : status == -E_TIME ? 2 : 1]++;
		calls++;
		if (escape_flag != 0)
			tell("into the kernel's code", escape_flag, 0);
		escape_flag = 0;
		for (unsigned i = 0; i < ARRAY_SIZE(escape_kept.in); i++)
			if (escape_kept.in[i] != escape_kept.out[i])
				tell("register", i, escape_kept.out[i]);
		if (escape_kept.sp != escape_kept.sp_after)
			tell("sp", escape_kept.sp, escape_kept.sp_after);
		look(own.behind);
		for (unsigned i = 0; i < ARRAY_SIZE(own.before); i++)
			if (own.before[i] != own.behind[i])
				tell("system register", i, own.behind[i]);
	}
	behind = hash();
	if (before != behind)
		tell("memory", before, behind);
	for (unsigned n = 0; n < MODULE_COUNT; n++)
		busy += modules[n].frame != 0;
	if (busy != 0 || calls == 0)
		tell("frame", busy, calls);
	module_unload(own.number);
}

void
check_main(void)
{
	const struct input *in = (const struct input *)params()->input;
	uint32_t refused;

	stack = __builtin_frame_address(0);
	own.random = params()->seed;
	for (unsigned i = 0; i < ARRAY_SIZE(canary); i++)
		canary[i] = random64(&own.random);
	if (!masks_init()) {
		report("no table");
		return;
	}
	page_init(BOARD_PARAMS_PA - POOL, BOARD_PARAMS_PA);
	for (unsigned n = 0; n < BYSTANDERS; n++)
		if (module_load(bystander, bystander_end - bystander, 0, 0, &refused) != (int)n)
			report("no bystander");
	for (uint32_t i = 0; i < in->made + in->mutated && own.told < TOLD; i++)
		one(i < in->made ? MADE : MUTATED);
	report("modules %u words %u returned %u faulted %u timed %u escaped %u", in->made + in->mutated, own.words, own.ends[0],
	    own.ends[1], own.ends[2], own.told);
}
