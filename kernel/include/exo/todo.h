// todo(): stands where a student's work is still missing. It prints "TODO 2.3: not written yet
// (labs/2-vm, step 2.3)" and ends the run, so that a check can tell what is missing from what is
// wrong. Four forms under one name, one for each world:
//
//	kernel C       todo("2.3");
//	assembly       todo("2.3")     works before there is a stack; ends in one branch
//	user programs  todo("2.3");    a permanently undefined instruction, which the kernel
//	                               passes to todo_undefined()
//	host tools     todo("2.3");    prints on stderr, exits with 3
//
// The lab's name comes from the folder that the source file lies in, the last that begins with its
// number.
#pragma once

// UDF's immediate in the user form (A8.8.247); r0 is the step, r1 the file.
#define TODO_UDF 0x7d0d

#ifdef __ASSEMBLER__

#define todo(step) \
	ldr	sp, =__frame_stack_top; \
	ldr	r0, =7770f; \
	ldr	r1, =7771f; \
	b	todo_end; \
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
		__asm__ volatile("udf #%c2" : : "r"(r0), "r"(r1), "i"(TODO_UDF) : "memory");
}
#define todo(step) todo_at(step, __FILE__)

#else

#include <exo/types.h>

// Print the line for `step` ("2.3") of the file `file` (its __FILE__), and end the run.
void todo_end(const char *step, const char *file) __attribute__((noreturn));

// For the undefined handler: if the A32 word is todo()'s user form, end the run with it; else
// return. r0 and r1 are the caller's.
void todo_undefined(uint32_t word, uint32_t r0, uint32_t r1);

// Not noreturn, so that the code behind a todo() is neither a warning nor removed.
static inline void
todo_at(const char *step, const char *file)
{
	todo_end(step, file);
}
#define todo(step) todo_at(step, __FILE__)

#endif
