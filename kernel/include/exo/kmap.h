// The kernel's own map: TTBR1's tables, for addresses from USER_TOP on. Given, in kernel/vm/kmap.c
// and kernel/vm/alias.c. All of it is global, of domain 0, and out of applications' reach.
//
//	RAM      at its physical address: text read-only and executable, read-only data
//	         read-only, everything else writable and execute-never
//	aliases  ALIAS_BASE up: windows of a megabyte, each alone between unmapped ones, never writable
//	         and executable at once; 0 to 15 are modules' (exo/module.h)
//	devices  at physical + BOARD_MMIO_OFFSET: Device memory, execute-never
//
// Included by C and, for the numbers, by assembly.
#pragma once

#define ALIAS_BASE  0xc0000000
#define ALIAS_STEP  0x200000		// from one window to the next: a megabyte of it is never mapped
#define ALIAS_COUNT 64

#ifndef __ASSEMBLER__

#include <exo/types.h>

// Build the map; returns the first-level table's address, 16 KB aligned. Once, before mmu_on().
physaddr_t kmap_init(void);

// A first-level table for TTBR0 with nothing in it.
physaddr_t kmap_empty(void);

// The first-level table that kmap_init() built.
uint32_t *kmap_l1(void);

// Let page number `page` of a window show the page at pa from now on, with this prot (exo/aspace.h;
// none: nothing is mapped there). The old translation is gone on return. -E_INVAL: no such
// window, page or prot, or pa is not page-aligned.
int alias_map(unsigned window, unsigned page, physaddr_t pa, uint32_t prot);

// Where a window begins: 1 MB aligned, 1 MB long.
void *alias_address(unsigned window);

#endif
