// Short-descriptor translation tables (DDI 0406C, B3.5) as this kernel uses them: the fields of
// first- and second-level descriptors and of the registers that steer the walk, under the
// manual's names. Included by C and by assembly.
//
// A virtual address below 1 GB is translated by TTBR0's table, all others by TTBR1's
// (TTBCR.N = 2): the first belongs to the running application, the second to the kernel.
//
//	 31          20 19       12 11        0
//	| first level  | 2nd level | in page  |
#pragma once

#define PAGE_SIZE    0x1000
#define SECTION_SIZE 0x100000
#define USER_TOP     0x40000000		// the first address that is not TTBR0's

#define L1_ENTRIES   1024		// of a TTBR0 table with N = 2: one page
#define L2_ENTRIES   256		// of one second-level table: 1 KB, so that a page has four

// First level (figure B3-4). Bits [1:0] say what the entry is.
#define L1_TYPE      0x3
#define L1_FAULT     0x0
#define L1_TABLE     0x1		// [31:10] is a second-level table
#define L1_SECTION   0x2		// [31:20] is a megabyte; bit 0 is then PXN
#define L1_TABLE_PXN (1 << 2)		// privileged code is not fetched through this table
#define L1_TABLE_PA  0xfffffc00
#define SECTION_PXN  (1 << 0)
#define SECTION_B    (1 << 2)
#define SECTION_C    (1 << 3)
#define SECTION_XN   (1 << 4)
#define SECTION_AP0  (1 << 10)
#define SECTION_AP1  (1 << 11)
#define SECTION_TEX0 (1 << 12)
#define SECTION_AP2  (1 << 15)
#define SECTION_PA   0xfff00000

// Second level (figure B3-5).
#define L2_TYPE      0x3
#define L2_SMALL     0x2		// [31:12] is a page; bit 0 is then XN, so bit 1 alone says that it is one
#define L2_XN        (1 << 0)
#define L2_B         (1 << 2)
#define L2_C         (1 << 3)
#define L2_AP0       (1 << 4)		// accessible at all (AP[1:0] is 0b01 or 0b11)
#define L2_AP1       (1 << 5)		// by applications too
#define L2_TEX0      (1 << 6)
#define L2_TEX1      (1 << 7)		// software's, as SCTLR.TRE = 1: the rights recorded have WRITE
#define L2_TEX2      (1 << 8)		// software's: they have EXEC
#define L2_AP2       (1 << 9)		// read-only
#define L2_S         (1 << 10)		// shareable: 0 here, as one core shares with nobody
#define L2_NG        (1 << 11)		// not global: of the current ASID alone
#define L2_PA        0xfffff000

// With SCTLR.TRE = 1 TEX[0], C and B are a number that PRRR and NMRR explain (B3.8.3):
// 0 Strongly-ordered, 1 (B) Device, 3 (C and B) Normal, write-back, write-allocate.
#define PRRR_VALUE   0x000b0084		// TR1 Device, TR3 Normal; DS0, DS1: Device is shareable; NS1
#define NMRR_VALUE   0x00400040		// IR3, OR3: write-back, write-allocate

// Registers (B4.1).
#define SCTLR_M      (1 << 0)		// the MMU
#define SCTLR_A      (1 << 1)		// alignment checked
#define SCTLR_C      (1 << 2)		// data and unified caches
#define SCTLR_Z      (1 << 11)		// branch prediction
#define SCTLR_I      (1 << 12)		// instruction cache
#define SCTLR_TRE    (1 << 28)		// TEX remap
#define SCTLR_AFE    (1 << 29)		// access flag: AP[0] is no permission then
#define TTBCR_N      2			// TTBR0 translates the first 4 GB / 2^N
#define TTBR_WBWA    0x48		// the walk reads through write-back, write-allocate caches: IRGN 0b01, RGN 0b01
#define DACR_CLIENT0 0x1		// domain 0: permissions are checked; no other domain is accessible
#define ASID_COUNT   256		// ASID 0 belongs to no address space, and goes with the empty table alone
