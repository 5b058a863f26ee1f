// The system calls, by number: `svc #0` with the number in r7 (exo/trap.h). Part of the interface to
// applications; the numbers never change. Included by C and by assembly.
#pragma once

#define SYS_NULL  0		// returns 0, by the fast path
#define SYS_FRAME 1		// returns 0, by the full frame and C
#define SYS_EXIT  2		// (status): the application ends
#define SYS_WRITE 3		// (va, size): print those bytes; returns size
#define SYS_TODO  4		// (step, file): what todo() is in a program (exo/todo.h); ends the run
