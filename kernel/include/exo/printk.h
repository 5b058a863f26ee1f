// Formatted printing, given. What is printed goes through the console that lab 1 registers
// (exo/console.h); until then, nowhere.
//
// Conversions: %d %i %u %x %X %c %s %p %%, with flags `-` and `0`, a width and, for %s, a
// precision (each a number or `*`), and the lengths hh, h, l, ll, z. No floating point. An
// unknown conversion is printed as it stands.
#pragma once

#include <exo/types.h>

// Print; returns the number of bytes sent.
int printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int vprintk(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

// Format into buf, at most size bytes with the NUL; returns the length that the whole text has
// without it.
int snprintk(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

// Format through put(c, arg), a byte at a time: what the others are made of. Returns the number
// of bytes.
int vformat(void (*put)(char c, void *arg), void *arg, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
