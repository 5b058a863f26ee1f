// What the other design's kernel (../bench.c) and its program have in common: signals, in the way of UNIX.
#pragma once

#define SYS_SIGACTION 40	// (signal, handler, restorer)
#define SYS_MPROTECT  41	// (va, size, prot)
#define SYS_SIGRETURN 42	// by the restorer alone, sp as the handler found it

#define SIGSEGV     11
#define SIGNALS     32
#define SEGV_MAPERR 1		// nothing is mapped there
#define SEGV_ACCERR 2		// not for this access

#ifndef __ASSEMBLER__

#include <exo/trap.h>

struct siginfo {
	uint32_t signal, code, address;
};

// On the application's stack; the handler is called with (signal, &info, &context), and returns to the restorer.
struct sigframe {
	struct siginfo info;
	uint32_t blocked;	// signals, as they were
	struct trapframe context;
};

typedef void signal_handler(uint32_t signal, struct siginfo *info, struct trapframe *context);

#endif
