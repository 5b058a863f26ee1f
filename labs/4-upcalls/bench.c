// What this lab's kernel and libOS cost in instructions (bench.toml); and what the other design costs, on the same
// kernel's lower half: exceptions that the kernel keeps for its applications, as UNIX has them.
//
// The other design's parts, and what each is for. Fault: lab 3's vectors save a full frame and call whom
// trap_register() has put there; fault() asks lab 3 what the registers say, finds the region that the address lies
// in, to tell a page that is protected from one that is to be brought in or is nobody's, and sends a signal: the
// handler's table, which signals are blocked, a check that the application's stack can be written, one frame there
// with what the handler may want to see and change (no floating point, no alternative stack, nothing cleared that is
// then written), the signal blocked. Return: a system call that saves no frame, as it only restores one, checks that
// the application may read what it left, unblocks, masks CPSR. mprotect: a system call by lab 3's full frame, the
// region found and asked for its rights, then lab 2's as_protect() for each page. No regions are split, which other
// kernels do.

#include <exo/arm.h>
#include <exo/check.h>
#include <exo/env.h>
#include <exo/error.h>
#include <exo/trap.h>
#include <exo/user.h>

#include "bench/signal.h"

#define PSR_USER 0xff0ffe20		// of a CPSR, what is an application's

static struct action {
	uint32_t handler, restorer;
} actions[SIGNALS];
static uint32_t blocked;

static const struct region {
	uint32_t start, end, rights;
} regions[] = {
	{ 0x10000, 0x1000000, RIGHT_READ | RIGHT_WRITE },
	{ USER_STACK_TOP - USER_STACK_PAGES * PAGE_SIZE, USER_STACK_TOP, RIGHT_READ | RIGHT_WRITE },
};

extern uint32_t signal_vectors[];

// Half a frame is what the compiler copies by LDM and STM, without a call.
struct half {
	uint32_t w[9];
} __attribute__((may_alias));

static inline void
frame_copy(struct trapframe *to, const struct trapframe *from)
{
	struct half *t = (struct half *)to;
	const struct half *f = (const struct half *)from;

	t[0] = f[0];
	t[1] = f[1];
}

static const struct region *
region_of(uint32_t va)
{
	for (const struct region *r = regions; r < regions + 2; r++)
		if (va >= r->start && va < r->end)
			return r;
	return NULL;
}

static void
signal_send(struct trapframe *tf, uint32_t signal, uint32_t code, uint32_t address)
{
	const struct action *action = &actions[signal];
	uint32_t sp = (tf->sp - sizeof(struct sigframe)) & ~7;
	struct sigframe *frame = (struct sigframe *)(uintptr_t)sp;

	if (action->handler == 0 || blocked & 1u << signal || user_check(sp, sizeof *frame, true) < 0)
		user_leave(-E_FAULT);
	frame->info = (struct siginfo){ signal, code, address };
	frame->blocked = blocked;
	frame_copy(&frame->context, tf);
	blocked |= 1u << signal;
	tf->r[0] = signal;
	tf->r[1] = sp;
	tf->r[2] = sp + offsetof(struct sigframe, context);
	tf->sp = sp;
	tf->lr = action->restorer;
	tf->pc = action->handler;
	tf->cpsr = PSR_M_USR;
}

static void
fault(struct trapframe *tf)
{
	struct fault f;

	fault_decode(TRAP_DATA_ABORT, &f);
	signal_send(tf, SIGSEGV, region_of(f.address) != NULL ? SEGV_ACCERR : SEGV_MAPERR, f.address);
}

// From bench.S: the frame to go on with, for an application whose stack is at sp.
void signal_return(struct trapframe *tf, uint32_t sp);

void
signal_return(struct trapframe *tf, uint32_t sp)
{
	const struct sigframe *frame = (const struct sigframe *)(uintptr_t)sp;

	if (user_check(sp, sizeof *frame, false) < 0)
		user_leave(-E_FAULT);
	blocked = frame->blocked;
	frame_copy(tf, &frame->context);
	tf->cpsr = (tf->cpsr & PSR_USER) | PSR_M_USR;
}

static int32_t
sigaction(uint32_t signal, uint32_t handler, uint32_t restorer, uint32_t a3)
{
	(void)a3;
	if (signal >= SIGNALS)
		return -E_INVAL;
	actions[signal] = (struct action){ handler, restorer };
	return 0;
}

static int32_t
mprotect(uint32_t va, uint32_t size, uint32_t prot, uint32_t a3)
{
	const struct region *region = region_of(va);
	struct aspace *as = user_space();
	int error = 0;

	(void)a3;
	if (va % PAGE_SIZE != 0 || size % PAGE_SIZE != 0)
		return -E_INVAL;
	if (region == NULL || size > region->end - va)
		return -E_NOENT;
	if (prot & ~region->rights)
		return -E_PERM;
	for (uint32_t at = va; error == 0 && at < va + size; at += PAGE_SIZE)
		error = as_protect(as, at, prot);
	return error;
}

static void
signals(void)
{
	trap_register(TRAP_DATA_ABORT, fault);
	syscall_register(SYS_SIGACTION, sigaction);
	syscall_register(SYS_MPROTECT, mprotect);
	vbar_write((uintptr_t)signal_vectors);
	isb();
	if (user_run("signals", 0) != 0)
		report("signals did not come to its end");
	vbar_write((uintptr_t)trap_vectors);
	isb();
}

static void
environment(const char *program)
{
	struct env *env;

	if (env_load(program, "bench", &env) < 0)
		report("%s cannot be loaded", program);
	env_run();
}

void
check_main(void)
{
	signals();
	environment("kinds");
	environment("linear");
	environment("inverted");
}
