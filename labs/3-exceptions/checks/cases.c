// Steps 3.2 to 3.4: exceptions of an application in every state that the run's input has. Handlers are
// registered that keep the frame they are called with, do to it what the case says, and return.

#include <exo/boot.h>
#include <exo/gic.h>
#include <exo/register.h>
#include <exo/timer.h>

#include "cases.h"

#define WATCHED (DATA + 0xff8)	// by a watchpoint, in step 3.3
#define SYS_TELL 63		// the last there is: keeps its arguments, returns what the case says

// The input's first word: faults are decoded, too; each case says in y whose handlers are registered by then; an
// interrupt waits for each application; system calls and interrupts are looked at where trap_svc and trap_irq begin.
enum { DECODE = 1, NOBODY = 2, INTERRUPT = 4, BEGIN = 8 };

int status[1024];		// what user_enter() returned, for each case
uint32_t lost;			// TRAP_ of the first exception that changed TPIDRPRW, which is 0

static uint32_t now;		// the case that runs
static uint32_t times;		// exceptions it has had

static bool
is_asked(uint32_t what)
{
	return *(const uint32_t *)params()->input & what;
}

static struct seen *
keep(unsigned number, const void *at)
{
	struct seen *s = &seen[seen_count++];

	s->of = now;
	s->number = number;
	s->at = (uintptr_t)at;
	s->cpsr = cpsr_read();
	s->rw = tpidrurw_read();
	s->ro = tpidruro_read();
	if (lost == 0 && user_space() != NULL)
		lost = number;
	if (seen_count == ARRAY_SIZE(seen))
		user_leave(-1);
	return s;
}

static void
handle(struct trapframe *tf, unsigned number)
{
	const struct input_case *c = &cases()[now];
	struct seen *s;
	struct fault f;

	if (c->action == MANY && times > 0 && ++times < c->y && seen[seen_count - 1].at == (uintptr_t)tf) {
		tf->pc += c->x;
		return;
	}
	s = keep(number, tf);
	s->tf = *tf;
	if (is_asked(DECODE) && number != TRAP_UNDEFINED) {
		fault_decode(number, &f);
		s->kind = f.kind, s->address = f.address, s->level = f.level;
		s->domain = f.domain, s->write = f.write, s->asynchronous = f.asynchronous;
	}
	if (times++ > 0)
		user_leave(0x2000 + now);
	switch (c->action) {
	case LEAVE:
		user_leave(0x2000 + now);
	case SKIP:
	case MANY:
		tf->pc += c->x;
		break;
	case REPAIR:
		tf->r[c->x] = c->y;
		break;
	case REPLACE:
		*tf = c->next;
		break;
	case PROVIDE:
		user_map(&space, LATER, PAGE_SIZE, RIGHT_READ | RIGHT_EXEC);
		put(&c->code[1]);
		break;
	}
}

static void
undefined(struct trapframe *tf)
{
	handle(tf, TRAP_UNDEFINED);
}

static void
prefetch_abort(struct trapframe *tf)
{
	handle(tf, TRAP_PREFETCH_ABORT);
}

static void
data_abort(struct trapframe *tf)
{
	handle(tf, TRAP_DATA_ABORT);
}

static void
svc_begins(struct trapframe *tf)
{
	handle(tf, TRAP_SVC);
}

static void
irq_begins(struct trapframe *tf)
{
	handle(tf, TRAP_IRQ);
}

// The functions of system calls and interrupts are not told of the frame. It is what has the case's registers, or
// most of them, on the SVC stack; if that is there more than once, all of it becomes what the case says.
static struct seen *
keep_found(unsigned number)
{
	const struct input_case *c = &cases()[now];
	uintptr_t at = (uintptr_t)__builtin_frame_address(0) & ~7u;
	struct seen *s = keep(number, NULL);

	for (; at + TF_SIZE <= (uintptr_t)__svc_stack_top; at += 8) {
		struct trapframe *tf = (struct trapframe *)at;
		const uint32_t *one = tf->r, *other = c->tf.r;
		unsigned same = 0;

		for (unsigned i = 0; i < 15; i++)
			same += one[i] == other[i];
		if (same < 12)
			continue;
		s->at = at;
		s->tf = *tf;
		if (c->action == REPLACE)
			*tf = c->next;
	}
	times++;
	return s;
}

static int32_t
sys_tell(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
	struct seen *s = keep_found(TRAP_SVC);

	s->tf.r[0] = a0, s->tf.r[1] = a1, s->tf.r[2] = a2, s->tf.r[3] = a3;
	return cases()[now].x;
}

static void
tick(unsigned irq, void *arg)
{
	(void)irq, (void)arg;
	timer_stop();
	keep_found(TRAP_IRQ);
}

// What lies in no address space of the kernel's making (step 3.3), in the first megabytes from 0x1000000 on: a
// page and a table at addresses where nothing answers, everything of domain 1, a page and a section without the
// access flag. And a word of data that a watchpoint watches (DDI 0406C, C11.11).
static void
odd_entries(void)
{
	physaddr_t nothing = BOARD_RAM_PA + BOARD_RAM_SIZE, table;
	static const struct guard nobody;
	uint32_t *l1 = p2v(space.l1);

	page_alloc(PAGE_ANY, OWNER_USER, &nobody, &table);
	((uint32_t *)p2v(table))[0] = nothing | L2_SMALL | L2_C | L2_B | L2_AP0 | L2_AP1 | L2_NG;
	((uint32_t *)p2v(table))[1] = BOARD_RAM_PA | L2_SMALL | L2_C | L2_B | L2_AP1 | L2_NG;
	l1[0x10] = table | L1_TABLE;
	l1[0x11] = nothing | L1_TABLE;
	l1[0x12] = table | L1_TABLE | 1 << 5;
	l1[0x13] = BOARD_RAM_PA | L1_SECTION | SECTION_C | SECTION_B | SECTION_AP0 | SECTION_AP1 | 1 << 5;
	l1[0x14] = BOARD_RAM_PA | L1_SECTION | SECTION_C | SECTION_B | SECTION_AP1;
	sctlr_write(sctlr_read() | SCTLR_AFE);
	isb();
	tlb_flush_all();
	__asm__ volatile(
	    "mcr p14, 0, %0, c1, c0, 4\n\t"	// DBGOSLAR: the lock is open
	    "mcr p14, 0, %1, c0, c0, 6\n\t"	// DBGWVR0
	    "mcr p14, 0, %2, c0, c0, 7\n\t"	// DBGWCR0: a word, loads and stores, in user mode
	    "mcr p14, 0, %3, c0, c2, 2\n\t"	// DBGDSCRext.MDBGen
	    : : "r"(0), "r"(WATCHED), "r"(0xf << 5 | 3 << 3 | 2 << 1 | 1), "r"(1 << 15));
	isb();
}

// VFP is on, so that it is CPACR alone, which lab3_init() has cleared, that keeps an application from it.
static void
vfp_on(void)
{
	uint32_t before = cpacr_read();

	cpacr_write(0xf << 20);
	isb();
	__asm__ volatile("mcr p10, 7, %0, c8, c0, 0" : : "r"(1 << 30));		// FPEXC.EN
	cpacr_write(before);
	isb();
}

void
check_main(void)
{
	static trap_handler *const handlers[] = { [TRAP_UNDEFINED] = undefined, [TRAP_PREFETCH_ABORT] = prefetch_abort,
		[TRAP_DATA_ABORT] = data_abort };
	struct aspace nowhere = { .l1 = 0x50000000, .asid = 2 };

	syscall_register(SYS_TELL, sys_tell);
	space_create();
	vfp_on();
	if (is_asked(DECODE))
		odd_entries();
	if (is_asked(BEGIN)) {
		in_place_of(trap_svc, svc_begins);
		in_place_of(trap_irq, irq_begins);
	}
	if (is_asked(INTERRUPT)) {
		irq_register(BOARD_TIMER_IRQ, tick, NULL);
		gic_enable(BOARD_TIMER_IRQ);
	}
	for (now = 0; now < case_count(); now++) {
		const struct input_case *c = &cases()[now];

		times = 0;
		for (unsigned n = 0; n < ARRAY_SIZE(handlers); n++)
			if (!is_asked(NOBODY) || c->y >> n & 1)
				trap_register(n, handlers[n]);		// once; then it is there already
		for (int i = 0; i < 2; i++)
			if (page_of(c->code[i].at) != NULL)
				put(&c->code[i]);
		if (c->y == 0xffffffff)		// a first level where nothing answers
			as_switch(&nowhere);
		tpidrurw_write(~c->tf.r[2]);
		tpidruro_write(~c->tf.r[3]);
		if (is_asked(INTERRUPT))
			timer_set(0);
		status[now] = user_enter(&c->tf);
		as_switch(&space);
		as_unmap(&space, LATER);
	}
}
