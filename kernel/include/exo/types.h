// The types that every part of the exokernel shares.
//
// A physical address is a number; a kernel address is a pointer. The two are never mixed:
// exo/board.h converts, and the compiler complains where somebody forgot.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A physical address: what goes into a page table, a device or a DMA descriptor, never what is
// followed.
typedef uint32_t physaddr_t;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
