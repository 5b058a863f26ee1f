// What a payload provides: a check of the autograder's (labs/N-name/checks/NAME.c) or a lab's
// demo. Linked last into the kernel, entered by kernel/core/main.c.
#pragma once

#include <exo/params.h>
#include <exo/printk.h>
#include <exo/report.h>
#include <exo/types.h>

// Called when the kernel is up, interrupts masked. When it returns, "end" is reported and the
// run ends.
void check_main(void);

// Optional: called first thing in C, before any lab's initialisation. For checks of what comes
// before.
void check_early(void);

// A place that the grader counts to, or from: a symbol before the next instruction, costing
// nothing. In code that the compiler must not duplicate: in a function marked `counted`.
#define MARK(name) __asm__ volatile(".global " #name "\n" #name ":" : : : "memory")
#define counted __attribute__((noinline, noclone))
