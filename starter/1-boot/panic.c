// The end of a kernel that cannot go on (exo/panic.h): it says where and why, and stops.

#include <exo/panic.h>
#include <exo/power.h>
#include <exo/printk.h>
#include <exo/todo.h>

void
panic_at(const char *file, int line, const char *fmt, ...)
{
	// TODO 1.7: mask interrupts; unless this is a panic within a panic, print where and why.
	(void)file, (void)line, (void)fmt;
	todo("1.7");
	power_off();
}
