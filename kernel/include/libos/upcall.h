// Upcalls as a libOS handles them: the stubs between the kernel's entries (exo/upcall.h) and C, given in
// kernel/libos/upcall.S, and the way back, step 4.2. Included by C and by assembly.
//
// All of the application's state is the application's to keep: what a stub finds in r3 to lr it pushes onto the
// handler's stack, and what the kernel left in the slot stays there until resume.
#pragma once

#include <exo/upcall.h>

// Words of the libOS's own in the save page: where it is each environment's own, and always there. The first is what
// `begin` picks up.
#define RESTING_SP (SAVE_VA + SAVE_OWN)
#define SLICE_SP   (RESTING_SP + 4)	// and where the stack ends that a slice's end uses
#define SLICE_STACK 512		// bytes of it
#define IPC_STATE  (SLICE_SP + 4)	// and who calls whom: struct ipc

#ifdef __ASSEMBLER__

// Rest until `begin`, by a system call with the caller's r0 and r1: r3 to lr are on the stack, and sp is all that has
// to be remembered. A call that is refused returns.
.macro rest number
	push	{r3-r11, lr}
	ldr	r2, =resting_sp
	str	sp, [r2]
	mov	r7, #\number
	svc	#0
	pop	{r3-r11, pc}
.endm

#else

#include <exo/types.h>

extern volatile uint32_t resting_sp, slice_sp;
struct ipc {			// libos/ipc.h
	uint32_t peer, sp;	// whom a call waits for, and where
	int32_t (*handler)(uint32_t caller, uint32_t m[4]);
	uint32_t busy;		// whose request it is that is handled
};
extern volatile struct ipc ipc;

// The rest of what was interrupted, on the handler's stack: changing it changes what is returned to.
struct live {
	uint32_t r[10];		// r3 to r12
	uint32_t sp, lr;
};

// Called for an exception, on a stack of its own, with the exception slot and the rest. Returning resumes. What is
// needed to handle faults is not to fault itself: a second one would end the environment.
typedef void upcall_handler(volatile struct upcall *slot, struct live *live);

// Set up the entry points, the table of pages (libos/memory.h) and the handlers: translation faults go to pager(),
// permission faults to protection_fault(), everything else is unhandled(). To be called first, once; -E_NOMEM.
int libos_init(void);

// Say on one line what was interrupted (kind, address, pc), and exit with -E_FAULT. For handlers.
void unhandled(const char *kind) __attribute__((noreturn));

// Have handlers called from now on in place of libos_init()'s. Data aborts by their kind: those of translation are
// for a pager, those of permission for whoever protected the page, alignment's for nobody usually.
void on_translation(upcall_handler *handler);
void on_permission(upcall_handler *handler);
void on_alignment(upcall_handler *handler);
void on_prefetch_abort(upcall_handler *handler);
void on_undefined(upcall_handler *handler);

// Give the processor up, to env or to nobody for 0, and return when it is ours again. -E_NOENT: there is no such
// environment, and nothing was given up.
int32_t yield(uint32_t env);

// Give it up until the counter has reached that count.
void sleep_until(uint64_t when);

// Step 4.2, in resume.S: go on with what a slot says: r0 to r2, pc, flags; r3 to lr have to be in their
// registers already. By the kernel only where IT, E or J are not zero.
void resume_exception(void) __attribute__((noreturn));
void resume_slice(void) __attribute__((noreturn));

#endif
