// Environments: what the kernel knows of an application (exo/upcall.h says what that is and what the two have in
// common). Included by C and by assembly.
#pragma once

#include <exo/upcall.h>

// struct env as assembly sees it.
#define ENV_SHIFT 7			// log2 of its size
#define ENV_BITS  6			// log2 of how many there are: those bits of a name are the slot
#define ENV_L1    0
#define ENV_ASID  4
#define ENV_ID    12
#define ENV_SAVE  16
#define ENV_TTBR0 20
#define ENV_LIVE  24
#define ENV_TOLD  28
#define ENV_LENT  32

#define ENV_HOOKS 4
#define ENV_COUNT (1 << ENV_BITS)	// environment i has ASID i + 1

#ifndef __ASSEMBLER__

#include <exo/aspace.h>
#include <exo/types.h>
#include <exo/user.h>

// What the kernel knows. Given, in kernel/env/env.c.
struct env {
	struct aspace as;	// first, so that user_space() and env_current() are one
	uint32_t id;		// its name, ENV_COUNT * generation + slot; 0: the slot is free
	struct save *save;	// its save page, as the kernel sees it
	uint32_t ttbr0;		// of its address space
	uint32_t live;		// its name while it lives; else no name of this slot's
	uint32_t told;		// that its time is up (exo/slice.h): 1; 2: it has been entered at `end`, too
	uint32_t lent;		// whom it has entered by a synchronous transfer since it was entered last; 0: nobody
	struct guard guard;
	uint32_t parent;
	uint32_t ended;		// 0 while it lives, then ENDED_
	int32_t status;
	uint32_t excess;	// slices that it owes
	uint64_t wake;		// it sleeps until the counter is there
	uint8_t spare[(1 << ENV_SHIFT) - 72];
};

_Static_assert(sizeof(struct env) == 1 << ENV_SHIFT && offsetof(struct env, ttbr0) == ENV_TTBR0 &&
    offsetof(struct env, as.l1) == ENV_L1 && offsetof(struct env, as.asid) == ENV_ASID &&
    offsetof(struct env, id) == ENV_ID && offsetof(struct env, save) == ENV_SAVE && offsetof(struct env, live) == ENV_LIVE &&
    offsetof(struct env, told) == ENV_TOLD && offsetof(struct env, lent) == ENV_LENT, "assembly and C agree");

extern struct env envs[ENV_COUNT];	// aligned to their size

// Who runs; null: nobody, or a program of lab 3's.
static inline struct env *
env_current(void)
{
	return (struct env *)user_space();
}

// Create an environment guarded by cap's name, its address space empty but for the save page, which begins with *cap.
// It first runs at its entry `begin`. -E_NOMEM: no slot, or no pages.
int env_create(const struct cap *cap, uint32_t parent, struct env **created);

// The environment of that name, alive or ended; null if there is none.
struct env *env_find(uint32_t id);

// The same as a system call means it: ENV_SELF is the caller, another one's guard has to fit the capability at cap
// (an address of the caller's). -E_NOENT, -E_FAULT, -E_PERM.
int env_named(uint32_t id, uint32_t cap, struct env **found);

// End an environment: its pages are let go of at once, its slices are nobody's; what it ended with can be asked for
// until its parent has ended, or has freed it.
void env_end(struct env *env, uint32_t ended, int32_t status);

// Have a later lab's function called whenever an environment ends, first of all, with its name. -E_NOMEM: ENV_HOOKS are.
typedef void env_hook(uint32_t id);
int env_on_end(env_hook *hook);

// Have a later lab's function called whenever somebody is about to be chosen to run, before slice_next(); and whenever
// an interrupt has come in user mode, with what was interrupted, after it was handled and if the environment goes on.
// -E_NOMEM, as above.
struct trapframe;
typedef void env_schedule_hook(void);
typedef void env_irq_hook(struct trapframe *tf);
int env_on_schedule(env_schedule_hook *hook);
int env_on_irq(env_irq_hook *hook);

// Load the program of that name as the first environment, with a capability of that name (up to CAP_NAME bytes) and all
// rights. It runs when env_run() is called. As user_load(), and -E_NOENT.
int env_load(const char *program, const char *name, struct env **loaded);

// Programs that a program may start: map the ELF file of the program of that name into env, to be read alone, pages of
// its own, at the next free of IMAGES_VA, IMAGES_VA + IMAGE_SIZE, ...: a page that begins with struct image, then the
// file. -E_NOENT: no such program; -E_INVAL: too long a name or a file; -E_NOMEM: no room, or no pages.
int env_attach(struct env *env, const char *program);

// The first page mapped at *va or behind it: true, with *va where it is and *m what it is; false: there is none.
bool env_next(const struct env *env, uint32_t *va, struct mapping *m);

// Run environments until none is alive that could ever run.
void env_run(void);

// Stop the current environment and let env_run() go on with the next; returns to nobody.
void env_stop(void) __attribute__((noreturn));

// The current one has faulted while handling a fault, or in a way that cannot be told to it.
void env_nested(void) __attribute__((noreturn));

// Step 4.1, in upcall.S: the vectors while environments run.
extern uint32_t upcall_vectors[];

// Step 4.3, in pages.c: SYS_PAGES.
int32_t sys_pages(uint32_t id, uint32_t ops, uint32_t count, uint32_t cap);

// SYS_PROTECT, for any environment: what the page at va is mapped for from now on, the caches looked after where that
// is EXEC. As as_protect(); -E_PERM for the save page. Given: env_protect(), in protect.S, is quick, and where it
// cannot be it asks sys_protect(), in pages.c. svc_protect() is the vectors' own way there: entered by a branch, with
// every register as the SVC left it, it returns to the application.
void svc_protect(void);
int32_t env_protect(uint32_t va, uint32_t prot, struct env *env);
int32_t sys_protect(uint32_t va, uint32_t prot, struct env *env);

#endif
