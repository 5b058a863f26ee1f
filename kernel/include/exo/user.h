// Programs that run in user mode, and what the kernel has to run them with. Given, in
// kernel/user/. A program is compiled from checks/NAME/PROGRAM.user.c, beside checks/NAME.c, linked at 0x10000 and
// embedded in the kernel's image as an ELF file under its name. Included by C and by assembly.
#pragma once

#define USER_STACK_TOP   0x3fff0000	// of a program's first stack, 4 pages
#define USER_STACK_PAGES 4
#define OWNER_USER       2

#ifndef __ASSEMBLER__

#include <exo/aspace.h>
#include <exo/types.h>

struct program {
	const char *name;
	const uint8_t *start, *end;
};

// The program of that name; null if there is none.
const struct program *program_find(const char *name);

// Map size bytes, in whole pages, from va on (page-aligned) as new pages, zero, for this prot. -E_NOMEM
// and what as_map() returns; pages before the one that failed stay mapped.
int user_map(struct aspace *as, uint32_t va, uint32_t size, uint32_t prot);

// Load a program and a stack into *as; its entry point into *entry. -E_INVAL: it is no ELF file for
// this machine, or not a whole one; else as user_map().
int user_load(struct aspace *as, const struct program *program, uint32_t *entry);

// Let the size bytes that lie there, as the kernel sees them, be fetched as instructions by whoever maps them.
void user_code(const void *from, uint32_t size);

// Create an address space, load the program of that name, run it with r0 = argument until it
// exits, and free everything. What it exits with; -E_NOENT: no such program.
int user_run(const char *name, uint32_t argument);

// The address space of the running application; null: none. TPIDRPRW holds it.
struct aspace *user_space(void);

// Make that address space the running application's; null: there is none.
void user_switch(struct aspace *as);

#endif
