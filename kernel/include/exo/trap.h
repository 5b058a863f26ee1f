// Exceptions: lab 3's contract. What the processor saves, what the vectors add to it, and how C
// gets to see it. Included by C and by assembly.
//
// The kernel is not preemptible: its C, handlers of every kind included, runs in SVC mode, in A32,
// little-endian, with A, I and F set, and user_enter() returns like that. Only where it sleeps (trap_idle)
// is I clear. An application has the A, I and F that its frame says, and cannot change them; user_run()
// gives it all three clear. So exceptions come from applications, in user mode, A32 or Thumb; an IRQ may also come
// from trap_idle, in SVC mode; an undefined instruction or an abort in a privileged mode is the kernel's own
// mistake, is told by the crash vectors and ends the run. (The kernel has no SVC: nobody looks for one.) So does an
// FIQ, as nobody has any, and whatever comes to entry 0, reset's, or 5, HYP's.
//
// TPIDRPRW is the kernel's. TPIDRURW and TPIDRURO are the application's, and no exception changes them.
#pragma once

// A trap frame, in bytes from its start: on the SVC stack, 8-byte aligned.
#define TF_SP   52
#define TF_LR   56
#define TF_PC   64		// SRS and RFE take these two, in this order
#define TF_CPSR 68
#define TF_SIZE 72

#ifndef __ASSEMBLER__

#include <exo/register.h>
#include <exo/types.h>

// What was interrupted, all of it: changing the frame changes what is returned to.
struct trapframe {
	uint32_t r[13];
	uint32_t sp, lr;	// of the mode that was interrupted
	uint32_t zero;		// nobody's; keeps the frame a multiple of 8 bytes
	uint32_t pc;		// undefined and aborts: the instruction itself; SVC, IRQ: the one to go on with
	uint32_t cpsr;
};

_Static_assert(offsetof(struct trapframe, sp) == TF_SP && offsetof(struct trapframe, lr) == TF_LR &&
    offsetof(struct trapframe, pc) == TF_PC && offsetof(struct trapframe, cpsr) == TF_CPSR &&
    sizeof(struct trapframe) == TF_SIZE, "the vectors and C agree");

// Step 3.1, in user.S: enter user mode with all that the frame says. Returns what user_leave() is
// called with, when it is.
int user_enter(const struct trapframe *tf);

// Leave the application that user_enter() entered; does not return to whoever calls it.
void user_leave(int status) __attribute__((noreturn));

// Step 3.2, in vectors.S: eight entries, 32-byte aligned. Five save a trap frame, call their
// function below with it, and return to what the frame then says; 0, 5 and 7 lead to the crash vectors.
extern uint32_t trap_vectors[];

// The crash vectors, in kernel/core/crash.S: a branch for each exception, as above. They want to find
// lr, SPSR and every register as the exception left them, but for sp.
extern uint32_t crash_vectors[];

// Step 3.2, in trap.c: an exception in user mode other than IRQ and SVC. Calls whom
// trap_register() put there; where nobody is, the application ends (user_leave) with -E_FAULT.
void trap(struct trapframe *tf, unsigned number);

// Step 3.3, in fault.c: why an abort happened, from the fault status registers as they are now.
enum fault_kind { FAULT_UNKNOWN, FAULT_ALIGNMENT, FAULT_TRANSLATION, FAULT_ACCESS_FLAG, FAULT_DOMAIN, FAULT_PERMISSION,
	FAULT_EXTERNAL, FAULT_EXTERNAL_WALK, FAULT_PARITY, FAULT_PARITY_WALK, FAULT_CACHE_MAINTENANCE, FAULT_TLB_CONFLICT,
	FAULT_DEBUG, FAULT_LOCKDOWN, FAULT_COPROCESSOR };

struct fault {
	enum fault_kind kind;	// FAULT_UNKNOWN: a code that the table has not; the rest is as of any other kind
	uint32_t address;	// DFAR or IFAR; 0 if it is asynchronous, or a debug event: UNKNOWN then
	uint8_t level;		// of the tables, 1 or 2; 0 where the kind has none
	uint8_t domain;		// of a domain fault on data; else 0
	bool write;		// WnR, of data: by a store or by cache maintenance; false if it is a debug event: UNKNOWN
	bool asynchronous;	// pc is somewhere behind the instruction
};

// Decode the abort that number, TRAP_DATA_ABORT or TRAP_PREFETCH_ABORT, tells of (DDI 0406C,
// B3.13, table B3-23).
void fault_decode(unsigned number, struct fault *f);

// Step 3.4, in syscall.c: a system call. The number is in r7, arguments in r0 to r3; the result
// goes to r0, and nothing else changes. -E_NOSYS: no such number.
void trap_svc(struct trapframe *tf);

// The application's bytes from va on may be read (or written, too) by it, all of them: 0, else
// -E_FAULT. Nothing of it is above USER_TOP, whatever size is. It looks at each page, not at each byte.
int user_check(uint32_t va, uint32_t size, bool write);

// Copy from the application, or to it: 0, all of it copied; or -E_FAULT and no byte of it, so that what
// is at `to` is as it was.
int copy_in(void *to, uint32_t from, uint32_t size);
int copy_out(uint32_t to, const void *from, uint32_t size);

// Step 3.5, in irq.c: acknowledge the interrupt, call whom irq_register() put there, end it. One
// that nobody has registered is disabled; a spurious one (1023) is no interrupt.
void trap_irq(struct trapframe *tf);

// Sleep until an interrupt has come and been handled.
void trap_idle(void);

#endif
