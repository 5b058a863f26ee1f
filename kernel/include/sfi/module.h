// For who writes a module (exo/module.h): which of its functions can be called, and what it can ask of the kernel.
#pragma once

#include <exo/module.h>
#include <exo/types.h>

// The functions that may be called, by number from 0 on: once in a module.
#define MODULE_CALLABLE(...) \
	static const void *const module_callable[] __attribute__((used, section(".calls"))) = { __VA_ARGS__ }

// The runtime entries, one instruction each; kernel/sfi/module.ld has their addresses.
uint64_t time(void);					// the counter
int32_t send(const void *bytes, uint32_t size);	// to the console: size, or -E_FAULT
int32_t direction(uint32_t mask, uint32_t out);	// of pins: outputs where out has a 1. 0, or -E_PERM

// Another module's function. Its result; what went wrong above it: 0, or -E_*.
uint64_t call(uint32_t module, uint32_t function, uint32_t a, uint32_t b);
