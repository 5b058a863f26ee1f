// The C library's memory and string functions that a freestanding compiler may call by itself
// (C11 7.24), and a few more. Word by word wherever alignment allows: they are the yardstick of
// later measurements.
#pragma once

#include <exo/types.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);	// must not overlap
void *memmove(void *to, const void *from, size_t n);	// may overlap
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);	// < 0, 0, > 0 as the first differing byte, unsigned
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
