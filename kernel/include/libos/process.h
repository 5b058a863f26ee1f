// Environments that an application makes: from a program, or from itself. The kernel's part is an environment with
// nothing in it, and the pages that its maker puts there (exo/upcall.h); the rest is this. None of it is for
// handlers.
//
// A child is guarded by our capability, so it is ours to fill, to ask about and to end, and it has our capability.
#pragma once

#include <exo/types.h>
#include <exo/upcall.h>

// The ELF file of the program of that name, where the kernel has put it for us (env_attach() in exo/env.h); null:
// there is none.
const struct image *image_find(const char *name);

// Start a program: an environment with its segments, a stack, and its entry point as `begin`. Its name; -E_NOENT: no
// such program; -E_INVAL: it is no ELF file for this machine, or not a whole one, or is not below LIBOS_VA; -E_NOMEM.
// Nothing is left behind then.
int32_t spawn(const char *name);

// Give a slice that nobody owns to env. When there is none, env still runs for whoever yields to it.
void process_slice(uint32_t env);

// Give the processor to a child until it has ended, and free what is left of it. Why it has ended (ENDED_,
// exo/upcall.h) goes to *ended unless that is null; what it exited with is returned. -E_NOENT: there is no such
// child.
int32_t wait(uint32_t child, uint32_t *ended);

// Step 4.6, in fork.c: a child that has all that we have, and shares each page until one of us writes to it. Its name
// for us, 0 for the child; -E_NOMEM: nothing has changed, and nothing is left behind. What of our memory the page
// table of our own (libos/memory.h) does not know is not the child's. Called through a stub (kernel/libos/upcall.S)
// that leaves all that the child needs on the stack at `sp` and goes on on the exception stack, so that nothing of
// what follows faults; the child begins by picking sp up.
int32_t fork(void);
int32_t fork_at(uint32_t sp);

// Given, for it, in kernel/libos/process.c: fill the save page of a child, which is to run on at `begin`, or for 0
// where sp says. It uses TEMP_VA and leaves it free. 0, or what the system calls return.
int process_save(uint32_t child, uint32_t begin, uint32_t sp);

// Given, for it, too: what is pinned. process_pinned() maps new pages where ours are in the child, 0 or -E_NOMEM;
// process_fill() copies into them what ours hold then, the table of pages among it, and cannot fail. Between the two
// they are mapped at TEMP_VA and behind.
int process_pinned(uint32_t child);
void process_fill(void);

// End a child that could not be finished, whatever it has got so far.
void process_undo(uint32_t child);
