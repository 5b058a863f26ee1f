// todo(): stands where a student's work is still missing. It prints "TODO 2.3: not written yet
// (labs/2-vm, step 2.3)" and ends the run, so that a check can tell what is missing from what is
// wrong. Four forms under one name, one for each world:
//
//	kernel C       todo("2.3");
//	assembly       todo("2.3")     works before there is a stack; ends in one branch
//	user programs  todo("2.3");    in C and in assembly: a system call, SYS_TODO
//	host tools     todo("2.3");    prints on stderr, exits with 3
//
// The lab's name comes from the folder that the source file lies in, the last that begins with its
// number.
#pragma once

#include <exo/syscall.h>

#ifdef __ASSEMBLER__

#ifdef EXO_USER
#define todo_go mov r7, #SYS_TODO; svc #0; udf #0
#else
#define todo_go ldr sp, =__frame_stack_top; b todo_end
#endif

#define todo(step) \
	ldr	r0, =7770f; \
	ldr	r1, =7771f; \
	todo_go; \
	.pushsection .rodata.todo, "a"; \
7770:	.asciz	step; \
7771:	.asciz	__FILE__; \
	.popsection; \
	.ltorg

#elif defined(EXO_HOST)

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void
todo_at(const char *step, const char *file)
{
	const char *lab = step;
	size_t number = strcspn(step, "."), len = number;

	for (const char *p = file, *end; (end = strchr(p, '/')) != NULL; p = end + 1)
		if (strncmp(p, step, number) == 0 && p[number] == '-') {
			lab = p;
			len = end - p;
		}
	fprintf(stderr, "TODO %s: not written yet (labs/%.*s, step %s)\n", step, (int)len, lab, step);
	exit(3);
}
#define todo(step) todo_at(step, __FILE__)

#elif defined(EXO_USER)

static inline void
todo_at(const char *step, const char *file)
{
	register const char *r0 __asm__("r0") = step;
	register const char *r1 __asm__("r1") = file;

	for (;;)
		__asm__ volatile("mov r7, %2\n\tsvc #0\n\tudf #0" : : "r"(r0), "r"(r1), "i"(SYS_TODO) : "memory");
}
#define todo(step) todo_at(step, __FILE__)

#else

#include <exo/types.h>

// Print the line for `step` ("2.3") of the file `file` (its __FILE__), and end the run.
void todo_end(const char *step, const char *file) __attribute__((noreturn));

// Not noreturn, so that the code behind a todo() is neither a warning nor removed.
static inline void
todo_at(const char *step, const char *file)
{
	todo_end(step, file);
}
#define todo(step) todo_at(step, __FILE__)

#endif
