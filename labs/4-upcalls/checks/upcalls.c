// Step 4.1: exceptions of sixteen environments, in every state that the run's input has. Each entry point is an SVC of
// its own in TELL; what the application finds there, and in its save page, is kept; then it ends, or goes on with the
// case's other state.

#include "told.h"

// What a case does. x and y are its own.
enum {
	ONCE,			// nothing: it ends at the first entry
	WITHIN,			// faults again in `next`, its slot in use
	AGAIN,			// the same, its slot free again
	BUSY,			// its slot is in use from the beginning, with CPSR x
	ENTRIES,		// every entry point is x
	BROKEN,			// the kernel itself then faults: x says how, and in which mode; y is the slot's CPSR then
};

#define ENVS    16
#define ENTRY_COUNT 21		// words of entry points in a save page

uint32_t save_pa, save_is_busy;			// for BROKEN

#define UNMASKED 0x100				// beside how an environment has ended: an interrupt came meanwhile

static const uint32_t registers[12] = { 0x11110000, 0x22220001, 0x33330002, 0x44440003, 0x55550004, 0x66660005,
	0x77770006, 0x88880007, 0x99990008, 0xaaaa0009, 0xbbbb000a, 0xcccc000b };
static uint32_t times;				// entries the case has had

void broken(uint32_t which, uint32_t mode, const uint32_t *registers) __attribute__((noreturn));

void
told_svc(struct trapframe *tf)
{
	const struct input_case *c = &cases()[now];
	struct seen *s;

	if (rest == 0) {
		rest = (uintptr_t)tf;
		user_leave(0);
	}
	s = keep(tf);
	s->number = (tf->pc - 4 - TELL) / 4 - ENV_OF(c) * ENTRY_COUNT;
	if (DO_OF(c) == BROKEN) {
		env_current()->save->exception.cpsr = c->y;
		broken(c->x & 0xff, c->x >> 8, registers);
	}
	if ((DO_OF(c) != WITHIN && DO_OF(c) != AGAIN) || times++ > 0)
		user_leave(0x2000 + now);
	if (DO_OF(c) == WITHIN)
		timer_set(timer_now());			// an interrupt is pending from here on
	if (DO_OF(c) == AGAIN)
		env_current()->save->exception.cpsr = 0;
	memcpy(before, env_current()->save, PAGE_SIZE);
	*tf = c->next;
}

void
told_interrupt(struct trapframe *tf)
{
	timer_stop();
	if (tf->cpsr != PSR_M_USR && (tf->cpsr & PSR_M) != PSR_M_USR) {
		ended[now] = UNMASKED;
		user_leave(-1);
	}
}

// What lies in no address space of the kernel's making, in environment 0 alone; as in lab 3's cases.c.
static void
odd_entries(void)
{
	physaddr_t nothing = BOARD_RAM_PA + BOARD_RAM_SIZE, table;
	static const struct guard nobody;
	uint32_t *l1 = p2v(env[0]->as.l1);

	page_alloc(PAGE_ANY, OWNER_USER, &nobody, &table);
	*(uint32_t *)p2v(table) = nothing | L2_SMALL | L2_C | L2_B | L2_AP0 | L2_AP1 | L2_NG;
	l1[0x10] = table | L1_TABLE;
	l1[0x11] = nothing | L1_TABLE;
	l1[0x12] = table | L1_TABLE | 1 << 5;
	l1[0x13] = BOARD_RAM_PA | L1_SECTION | SECTION_C | SECTION_B | SECTION_AP0 | SECTION_AP1 | 1 << 5;
	tlb_publish();
}

void
check_main(void)
{
	struct trapframe tf = { .pc = TELL, .cpsr = PSR_M_USR };
	uint32_t free;

	envs_make(ENVS);
	odd_entries();
	gic_enable(BOARD_TIMER_IRQ);
	free = page_free_count();
	vbar_write((uintptr_t)told_vectors);
	isb();
	enter(env[0], &tf, 0);
	for (now = 0; now < case_count(); now++) {
		const struct input_case *c = &cases()[now];
		struct env *e = env[ENV_OF(c)];
		uint32_t *entry = &e->save->revoke;

		times = 0;
		for (int i = 0; i < 2; i++)
			if (page_of(c->code[i].at) != NULL)
				put(&c->code[i]);
		save_fill(e->save);
		for (uint32_t i = 0; i < ENTRY_COUNT; i++)
			entry[i] = DO_OF(c) == ENTRIES ? c->x : TELL + (ENV_OF(c) * ENTRY_COUNT + i) * 4;
		if (DO_OF(c) == BUSY)
			e->save->exception.cpsr = c->x;
		save_pa = v2p(e->save);
		status[now] = enter(e, &c->tf, 0);
		timer_stop();
		ended[now] |= e->ended;
		if (e->ended || e->id == 0)
			env_make(ENV_OF(c));
	}
	leaked = free - page_free_count();
}
