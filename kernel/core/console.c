// The console of exo/console.h, and printk() on it.

#include <exo/console.h>
#include <exo/printk.h>

static const struct console *current;

void
console_register(const struct console *c)
{
	current = c;
}

const struct console *
console(void)
{
	return current;
}

static void
console_put(char c, void *arg)
{
	(void)arg;
	if (current != NULL)
		current->putc(c);
}

int
vprintk(const char *fmt, va_list ap)
{
	return vformat(console_put, NULL, fmt, ap);
}

int
printk(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vprintk(fmt, ap);
	va_end(ap);
	return n;
}
