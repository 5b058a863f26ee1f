// The kernel's console: where printk goes and console input comes from. Lab 1 registers its UART
// here.
#pragma once

#include <exo/types.h>

struct console {
	void (*putc)(char c);	// send one byte; waits until there is room
	int (*getc)(void);	// wait for one byte: 0 to 255, or a negative error
};

// Make c the console from now on; the caller keeps ownership of *c, which must outlive its use.
// Null: no console.
void console_register(const struct console *c);

// The console in use, or null.
const struct console *console(void);
