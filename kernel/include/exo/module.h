// Modules: an application's machine code in the kernel, run in System mode behind the kernel's own tables, and
// trusted in nothing (exo/verify.h says what it can be). Included by C and by assembly.
//
// A module has two segments, alias windows (exo/kmap.h) with unmapped megabytes around:
//
//	data  0x00000  unmapped              code  0x00000  the runtime's entries, one word each, UDF behind
//	      0x01000  data, .bss: writable        0x01000  where they lead, execute-never, read-only
//	      ...      unmapped                    0x02000  code: read-only; its last page filled with UDF
//	      0xfb000  stack, 4 pages              ...      unmapped
//	      0xff000  unmapped
//
// Its code is linked as if data began at any multiple of a megabyte and code at any other: guards keep the low 20
// bits of an address alone, and so does the kernel. It is called with r0 to r3; every other register is 0 but r8,
// r9, r10 (exo/verify.h), sp (at the stack's end) and lr (the entry that returns); flags are 0. It returns through
// r0 like any function. Reserved for guards beside r9 and r10: r12, which is anybody's scratch.
//
// *Who is stopped*: at an exception, and after MODULE_TICKS. The application that called is told (-E_FAULT,
// -E_TIME); a module that called it by RUNTIME_CALL is told as well, and goes on; but time is the
// whole call's, and ends all of them. A module that is being called cannot be called again (-E_BUSY), so calls nest
// MODULE_COUNT deep at most. While a module runs no interrupt is taken but that of time; others wait.
#pragma once

#include <exo/verify.h>

#define MODULE_COUNT      8		// a power of two
#define MODULE_MAGIC      0x4d4f5845	// "EXOM"
#define MODULE_CALLS      8		// functions that may be called
#define MODULE_DATA       0x1000
#define MODULE_DATA_MAX   0x40000	// bytes of data and .bss at most
#define MODULE_STACK      0xfb000
#define MODULE_STACK_TOP  0xff000
#define MODULE_SEGMENT    0x100000
#define MODULE_LITERALS   0x1000	// in the code segment: where the entries lead
#define MODULE_TICKS      1000000	// how long one call may run
#define MODULE_UDF        0xe7f000f0	// UDF #0: what code pages are filled with

// Runtime entries: `bl` to the word of that number. Arguments in r0 to r3, result in r0 and r1; r4 to r11 (not
// r9) and sp are kept, flags are lost. They return to lr, whose low 20 bits alone count.
#define RUNTIME_RETURN    0		// (result): back to whoever called the module; does not return
#define RUNTIME_TIME      1		// the counter: low in r0, high in r1
#define RUNTIME_SEND      2		// (address, size): those bytes of the data segment, a page's at most, to the
					// console; size, or -E_FAULT
#define RUNTIME_DIRECTION 3		// (mask, out): of pins that it may drive: outputs where out has a 1. 0, -E_PERM
#define RUNTIME_CALL      4		// (module, call, a, b): another module's function of (a, b, a, b); its result.
					// r1 is 0, or with r0 0: -E_NOENT, -E_BUSY: it was not called; -E_FAULT,
					// -E_TIME: it was stopped
#define RUNTIME_COUNT     5

// struct module as assembly sees it: it begins with what r4 to r12, sp and lr are when it is entered.
#define MODULE_IMAGE    0
#define MODULE_FRAME    44
#define MODULE_CALLS_AT 48
#define MODULE_SHIFT    7		// log2 of its size

#ifndef __ASSEMBLER__

// A module's file: this, then code, then data, and nothing else. Sizes in bytes.
struct module_file {
	uint32_t magic;
	uint32_t code;			// a multiple of 4, not 0
	uint32_t data, bss;
	uint32_t calls[MODULE_CALLS];	// where in the code segment; 0: no such function. Bits above 19 do not count
};

// How the last call of a module that was stopped ended, and what it was doing. As an application is told, too.
struct module_end {
	int32_t status;			// -E_FAULT: it faulted; -E_TIME: it ran too long; 0: none was stopped yet
	uint32_t trap;			// TRAP_ of exo/register.h: undefined, the aborts, IRQ for time
	uint32_t pc;			// offset in its code segment
	uint32_t cause, address;	// as in struct upcall: DFSR or IFSR, DFAR or IFAR; else 0
};

struct module {
	uint32_t r4[4];			// 0
	uint32_t r8;			// the address of the GPIO's data registers; 0 without pins
	uint32_t code, data;		// kernel addresses of the segments: r9, r10
	uint32_t r11[2];		// 0
	uint32_t sp, lr;		// the stack's end; the entry that returns
	uint32_t frame;			// 0: it is not being called; 1: by module_call(); else by a module, whose
					// registers lie there, on the SVC stack
	uint32_t calls[MODULE_CALLS];	// kernel addresses; 0: none
	uint32_t owner;			// the environment that loaded it; 0: nobody's, the kernel's own test
	uint32_t pins;			// that it may drive
	uint32_t code_size, data_size;	// bytes; .bss included
	struct module_end end;
	bool live;
} __attribute__((aligned(1 << MODULE_SHIFT)));

_Static_assert(sizeof(struct module) == 1 << MODULE_SHIFT && offsetof(struct module, r4) == MODULE_IMAGE &&
    offsetof(struct module, r8) == MODULE_IMAGE + 16 && offsetof(struct module, lr) == MODULE_IMAGE + 40 &&
    offsetof(struct module, frame) == MODULE_FRAME && offsetof(struct module, calls) == MODULE_CALLS_AT,
    "assembly and C agree");

extern struct module modules[MODULE_COUNT];	// window 2n of exo/kmap.h is module n's data, 2n + 1 its code

// Step 5.2, in gate.S: call what lies at the kernel address `at` with args in r0 to r3, in System mode, with the
// image that m begins with in r4 to r12, sp and lr, flags (N, Z, C, V, Q, GE) 0, nothing masked: A, I and F are
// clear, as they are for an application. The sp and lr that System mode has, the application's, are kept. Called in
// SVC mode, everything masked, sp 8-byte aligned, and that is what sp is meanwhile, for whoever leaves. Returns what
// module_leave() is called with: status, and if that is 0 the result in *result, which is not written otherwise.
int module_enter(const struct module *m, uint32_t at, const uint32_t args[4], uint32_t *result);

// Back to whoever called module_enter() last; in SVC mode, everything masked, sp as module_enter() left it. Called
// when the module has returned (status 0) or has been stopped, with all other registers in whatever state.
void module_leave(int status, uint32_t result) __attribute__((noreturn));

// The vectors while a module runs, and the page of entries with the page of where they lead: in entries.S.
extern uint32_t module_vectors[];
extern uint8_t module_entries[], module_literals[];

// Given, in kernel/sfi/module.c. Load the module file of size bytes at `file` (the kernel's to read) for an owner;
// its number. -E_INVAL: it is no module file, or not a whole one; -E_PERM: the verifier refuses it, *refused is the
// offset in its code; -E_NOMEM: no number is free, or no pages. Only what has been copied is verified, and only that
// is run.
int module_load(const void *file, uint32_t size, uint32_t owner, uint32_t pins, uint32_t *refused);

// Call function number `call` of module number n, 0 and *result or: -E_NOENT, no such module or function; -E_BUSY;
// -E_FAULT, -E_TIME: the module's `end` tells. Interrupts masked.
int module_call(unsigned n, unsigned call, const uint32_t args[4], uint32_t *result);

// -E_NOENT; -E_BUSY: it is being called. Pages of its data that somebody has bound stay theirs.
int module_unload(unsigned n);

struct module *module_find(unsigned n);	// null: there is none

// The page of its data segment at that offset: 0, and its address; -E_NOENT, no such module; -E_INVAL, no page of
// data there.
int module_page(unsigned n, uint32_t offset, physaddr_t *pa);

// An environment has ended: so do its modules.
void module_forget(uint32_t owner);

#endif
