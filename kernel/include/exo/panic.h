// When the kernel cannot go on: lab 1's contract, step 1.7.
#pragma once

#include <exo/types.h>

// panic("no page for %p", va) prints one line, "panic: kernel/core/x.c:12: no page for 0x1000",
// and powers off.
#define panic(...) panic_at(__FILE__, __LINE__, __VA_ARGS__)

// What panic() calls: masks interrupts, prints `panic: FILE:LINE: ` and the formatted message
// and a newline by printk, and calls power_off(). A panic during a panic powers off at once and
// prints nothing.
void panic_at(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
