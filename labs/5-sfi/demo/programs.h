// What both applications do: get a pin, and a module into the kernel.
#pragma once

#include <libos/io.h>
#include <libos/module.h>
#include <libos/process.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#include "demo.h"

static inline int32_t
pin_hold(uint32_t mask)
{
	return syscall(SYS_PINS, mask, address(&SAVE->cap), 0, 0);
}

static inline void
pin_write(uint32_t mask, uint32_t value)
{
	register uint32_t r0 __asm__("r0") = mask;
	register uint32_t r1 __asm__("r1") = value;
	register uint32_t r7 __asm__("r7") = SYS_PIN_WRITE;

	__asm__ volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r7) : "r2", "r3", "memory");
}

// The module of that name: its number, or -E_*; and of how many words, or where it was refused.
static inline int32_t
put(const char *name, uint32_t *words, uint32_t *refused)
{
	const struct image *image = image_find(name);
	const struct module_file *file = (const struct module_file *)((const uint8_t *)image + PAGE_SIZE);

	*words = file->code / 4;
	return module_put(file, image->size, refused);
}
