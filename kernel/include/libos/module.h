// Code that an application puts into the kernel (exo/module.h), as the application sees it. What goes wrong is what
// the system calls return, -E_FAULT too where their arguments are no memory of ours.
#pragma once

#include <exo/module.h>

// Called when a module was stopped, before module_run() returns -E_FAULT or -E_TIME: that is how the kernel tells
// its owner.
typedef void module_handler(uint32_t module, const struct module_end *end);
void on_module_end(module_handler *handler);	// null: nobody

// Put a module file of size bytes into the kernel: its number. -E_PERM: the verifier refuses it, *refused is the
// offset in its code.
int32_t module_put(const void *file, uint32_t size, uint32_t *refused);

// Call its function of that number with a0 to a3: 0, and the result in *result, or an error.
int32_t module_run(uint32_t module, uint32_t call, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3,
    uint32_t *result);

// Take it out again. Pages of its data that we share stay ours.
int32_t module_drop(uint32_t module);

// Map the page of its data segment at that offset (MODULE_DATA and up) at va, to be read and written; not known to
// the table of libos/memory.h. Unmapped as any page.
int32_t module_share(uint32_t module, uint32_t offset, uint32_t va);
