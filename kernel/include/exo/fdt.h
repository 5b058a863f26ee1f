// The flattened device tree that firmware leaves in RAM: the machine's own description of itself
// (Devicetree Specification 0.4, chapter 5). Read only, no allocation, usable before anything
// else works.
#pragma once

#include <exo/types.h>

// The device tree of this machine.
const void *fdt(void);

// The property `name` of the node at `path` ("/psci", "/soc/uart@9000000"; a path without unit
// addresses finds the first match). Its length in bytes goes to *len when len is not null.
// Numbers in it are big-endian; a string ends with a NUL that counts. Returns null when there is
// no such node or property, or no valid tree.
const void *fdt_property(const void *tree, const char *path, const char *name, uint32_t *len);
