// What an application and the kernel have in common, from lab 4 on. An environment is what the kernel knows of an
// application: an address space, capabilities' guard, entry points and a save page, and nothing else (Engler, Kaashoek
// and O'Toole, SOSP '95, section 5.1). Of registers the kernel keeps none: a fault hands them to the application's own
// handler, and the end of a slice asks the application to put them away. Included by C and by assembly.
//
// The save page lies at the top of every environment's address space, is always mapped, readable and
// writable, and is the application's to change: the kernel believes nothing in it. An entry point only ever becomes a
// user-mode pc; a CPSR is masked before it is used.
#pragma once

#include <exo/mmu.h>

#define ENV_SELF 0		// for system calls: the caller

#define SAVE_VA (USER_TOP - PAGE_SIZE)

// The save page as assembly sees it, from its end: struct save below.
#define SAVE_CPSR        (-28)		// of the exception slot; zero: no exception is being handled
#define SAVE_PREFETCH    (-92)
#define SAVE_UNDEFINED   (-96)
#define SAVE_BEGIN       (-100)
#define SAVE_END         (-104)
#define SAVE_TRANSFER    (-108)
#define SAVE_REVOKE      (-112)
#define SAVE_SLICE       (-112)		// the slice slot ends here
#define SAVE_SLICE_CPSR  (-140)
#define SAVE_R7          (-144)		// r7, for SYS_RESUME, of the exception slot
#define SAVE_SLICE_R7    (-148)

#define SAVE_OWN         104		// from its start: `own`
#define SAVE_WANTED 32			// from its start

// Why an environment has ended.
#define ENDED_EXIT   1			// by itself, with its status
#define ENDED_NESTED 2			// it faulted while it handled a fault
#define ENDED_EXCESS 3			// it stayed too long behind its slices' ends
#define ENDED_KILLED 4			// by who held its capability

// Pages that one revocation takes by force at most; how many slices an application may owe before it is ended.
#define REPOSSESSED  16
#define GUARANTEED   16			// pages of the application's that are never taken, beside its save page
#define EXCESS_MAX   8

#ifndef __ASSEMBLER__

#include <exo/cap.h>
#include <exo/types.h>

// A slot: what was interrupted. r3 to r12, sp and lr are still in their registers.
struct upcall {
	uint32_t cpsr;		// the interrupted CPSR, never 0; 0 while the slot is free
	uint32_t cause;		// DFSR or IFSR, as it is; 0 for an undefined instruction, and in the slice slot
	uint32_t address;	// DFAR or IFAR, as it is; of an undefined instruction nothing sensible, nor of the
				// kernel's; 0 in the slice slot
	uint32_t r[3];		// r0 to r2
	uint32_t pc;		// where to go on: the instruction itself, or behind a slice the next one
};

struct save {
	struct cap cap;		// the capability that the environment began with
	uint32_t id;		// its name
	uint32_t excess;	// how many slices it owes; counted by the kernel
	uint32_t wanted;	// pages that the kernel asks for (exo/revoke.h); 0: none
	uint32_t repossessed;	// pages taken by force since the application last wrote 0 here
	uint32_t taken[REPOSSESSED];	// where they were mapped
	uint8_t own[PAGE_SIZE - 40 - 4 * REPOSSESSED - 4 * GUARANTEED - 148];	// the application's to use
	uint32_t guaranteed[GUARANTEED];	// addresses of the application's choice that no force takes
	uint32_t resume_r7[2];	// of the slice slot, of the exception slot
	struct upcall slice;
	// Entry points: A32 code (bits 1:0 do not count), entered in user mode, little-endian, with nothing masked.
	// Those of faults find r3 to lr as they were; those of aborts cause in r1 and address in r2; in the rest of r0
	// to r2 words of the exception slot, or parts of one, or nothing, but never anything of the kernel's; flags as
	// they come. 0: none, and what needs it ends in page 0. What cannot be fetched there faults in user mode; the
	// exception slot is in use, and the environment ends.
	uint32_t revoke;
	uint32_t transfer;
	uint32_t end, begin;
	uint32_t undefined, prefetch_abort;
	uint32_t data_abort[15];	// by the fault status FS[3:0], from 15 down to 1: [15 - FS]
	struct upcall exception;
};

_Static_assert(sizeof(struct save) == PAGE_SIZE && offsetof(struct save, own) == SAVE_OWN &&
    offsetof(struct save, wanted) == SAVE_WANTED &&
    (int)offsetof(struct save, exception) - PAGE_SIZE == SAVE_CPSR &&
    (int)offsetof(struct save, prefetch_abort) - PAGE_SIZE == SAVE_PREFETCH &&
    (int)offsetof(struct save, undefined) - PAGE_SIZE == SAVE_UNDEFINED &&
    (int)offsetof(struct save, begin) - PAGE_SIZE == SAVE_BEGIN &&
    (int)offsetof(struct save, end) - PAGE_SIZE == SAVE_END &&
    (int)offsetof(struct save, transfer) - PAGE_SIZE == SAVE_TRANSFER &&
    (int)offsetof(struct save, revoke) - PAGE_SIZE == SAVE_REVOKE &&
    (int)offsetof(struct save, slice) - PAGE_SIZE == SAVE_SLICE_CPSR &&
    (int)offsetof(struct save, resume_r7) - PAGE_SIZE == SAVE_SLICE_R7, "assembly and C agree");

#define SAVE ((volatile struct save *)SAVE_VA)	// the running environment's, as the application sees it

// Files of programs in an application's address space, as env_attach() puts them there (exo/env.h).
#define IMAGES_VA   0x30000000
#define IMAGE_SIZE  0x100000
#define IMAGE_COUNT 16

struct image {
	char name[28];
	uint32_t size;		// of the file, which begins with the next page
};

// For SYS_PAGES: what to do with one page of an environment's. Operations are copied in and done one after the other,
// each when it is its turn; the first that fails ends the call: with its error if none was done before it, else with
// how many were. Nothing of that one is done then. -E_FAULT: it, or its capability, is not the caller's to read;
// -E_INVAL: there is no such kind; and what page_alloc(), as_bind() and the rest return. (-E_NOENT, for the whole call:
// there is no such environment, or it has ended.) No interrupt comes meanwhile, so no more than PAGE_OPS are done in a
// call, whatever its count.
//
// What is bound or protected for EXEC, here and by SYS_PROTECT, can be fetched as it is in memory then: the kernel
// looks after the caches, as no application can. Whoever writes to it later, by another mapping, asks for EXEC again.
// An operation that shows the capability at the address of the one before it in the list shows what was read then.
enum page_op_kind {
	PAGE_NEW,		// allocate the page `pa` (or PAGE_ANY, and be told in pa), owned by env, guarded by
				// cap's name and epoch, and map it with cap's rights recorded. -E_PERM: cap is not
				// genuine, or lacks prot, or READ; -E_FAULT: the operation is not the caller's to
				// write, so that nothing can be told
	PAGE_BIND,		// map the page `pa`, for which cap is shown, with its rights. -E_PERM for a table, too,
				// whatever is shown
	PAGE_PROTECT,		// -E_PERM for the save page, too
	PAGE_UNMAP,		// -E_PERM for the save page
	PAGE_TABLE,		// map for READ, whatever prot says, and with READ as its only right, the page of
				// second-level tables that translates the address `pa`; for USER_TOP the first-level
				// table. -E_NOENT: there is none; -E_INVAL: pa is above USER_TOP. What is looked at
				// so stays a table, an empty one too, until its environment ends at the latest
};

#define PAGE_OPS 256

struct page_op {
	uint32_t kind, va, prot, pa;
	uint32_t cap;		// where the capability lies
	uint32_t zero;
};

struct env_info {
	uint32_t id, parent;
	uint32_t ended;		// 0, or ENDED_
	int32_t status;		// of ENDED_EXIT
	uint32_t pages;		// mapped, tables not counted
	physaddr_t save;	// its save page
};

#endif
