// Printing, by SYS_WRITE. Given, in kernel/libos/print.c. Conversions as exo/printk.h has them.
#pragma once

#include <exo/types.h>

// Print, in one system call for every IO_LINE bytes; for handlers too. The number of bytes.
#define IO_LINE 128
int printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int vprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
