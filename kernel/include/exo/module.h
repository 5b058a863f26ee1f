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
// Its code is linked as if data began at any multiple of a megabyte and code at any other: guards keep the low 20 bits of an
// address alone. What it is called with is r0 to r3; every other register is 0 but r8 (exo/verify.h), r9, r10, sp (at the stack's end) and lr (the entry that
// returns); flags are 0. It returns through r0 like any function. Reserved for guards beside r9 and r10: r12, which is anybody's scratch.
#pragma once

#include <exo/verify.h>

#define MODULE_COUNT      8
#define MODULE_MAGIC      0x4d4f5845	// "EXOM"
#define MODULE_CALLS      8		// functions that may be called
#define MODULE_DATA       0x1000
#define MODULE_DATA_MAX   0x40000	// bytes of data and .bss at most
#define MODULE_STACK      0xfb000
#define MODULE_STACK_TOP  0xff000
#define MODULE_SEGMENT    0x100000
#define MODULE_TICKS      1000000	// how long one call may run

// Runtime entries: `bl` to the word of that number. Arguments in r0 to r3, result in r0 (and r1); r4 to r11 and sp are kept.
#define RUNTIME_RETURN    0		// (result): back to whoever called the module; does not return
#define RUNTIME_TIME      1		// the counter: low in r0, high in r1
#define RUNTIME_SEND      2		// (address, size): those bytes of the data segment to the console; size, or -E_FAULT
#define RUNTIME_DIRECTION 3		// (mask, out): of pins that the owner holds: outputs where out has a 1. 0, or -E_PERM
#define RUNTIME_CALL      4		// (module, call, a, b): another module's function; its result. What went wrong: -E_* in r1, else 0 there
#define RUNTIME_COUNT     5

// struct module as assembly sees it.
#define MODULE_R8      0
#define MODULE_CODE_AT 4
#define MODULE_DATA_AT 8

#ifndef __ASSEMBLER__

// A module's file: this, then code, then data. Sizes in bytes.
struct module_file {
	uint32_t magic;
	uint32_t code;			// a multiple of 4
	uint32_t data, bss;
	uint32_t calls[MODULE_CALLS];	// offsets in the code segment; 0: no such function. Bits above 19 do not count
};

// How a module's last call ended, and what it was doing. As an application is told, too.
struct module_end {
	int32_t status;			// 0; -E_FAULT: it faulted; -E_TIME: it ran too long
	uint32_t trap;			// TRAP_ of exo/register.h; 0 for none
	uint32_t pc;			// offset in its code segment
	uint32_t cause, address;	// as in struct upcall; DFSR or IFSR, DFAR or IFAR
};

struct module {
	uint32_t r8;			// what r8 holds in it
	uint32_t code, data;		// kernel addresses of the segments
	uint32_t owner;			// the environment that loaded it; 0: nobody's, the kernel's own test
	uint32_t pins;			// that it may drive
	uint32_t code_size, data_size;	// bytes; .bss included
	uint32_t calls[MODULE_CALLS];
	uint32_t depth;			// calls of it that are not over
	struct module_end end;
	bool live;
};

// Step 5.2, in gate.S: call what lies at the kernel address `at` of module m's code segment with args in r0 to r3, in System mode, interrupts
// unmasked; nothing of the kernel's in any other register, nor in the flags. The application's sp and lr are kept. Called in SVC
// mode, interrupts masked. Returns what module_leave() is called with: status, and if that is 0 the result in *result.
int module_enter(const struct module *m, uint32_t at, const uint32_t args[4], uint32_t *result);

// Back to whoever called module_enter() last; in SVC mode, interrupts masked, sp as module_enter() left it. Called when the module has
// returned (status 0) or has been stopped, with its registers in whatever state.
void module_leave(int status, uint32_t result) __attribute__((noreturn));

// Given, in kernel/sfi/module.c. Load the module file of size bytes at `file` (kernel memory) for an owner. -E_INVAL: it is no module file, or not a whole
// one; -E_PERM: the verifier refuses it, *refused is the offset in its code; -E_NOMEM. Only what has been copied is verified, and only that is run.
int module_load(const void *file, uint32_t size, uint32_t owner, uint32_t pins, uint32_t *refused);

// Call function number `call` of module number n, 0 and *result or: -E_NOENT, no such module or function; -E_FAULT, -E_TIME: the module's `end` tells.
int module_call(unsigned n, unsigned call, const uint32_t args[4], uint32_t *result);

// -E_NOENT; -E_BUSY: it is being called.
int module_unload(unsigned n);

struct module *module_find(unsigned n);	// null: there is none

#endif
