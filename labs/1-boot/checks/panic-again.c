// A console that panics itself after a few characters: a panic within a panic has to come to an
// end. Where it does not, the console works again later, and shows it.

#include <exo/check.h>
#include <exo/console.h>
#include <exo/panic.h>
#include <exo/uart.h>

static int left = 9;

static void
putc_until_broken(char c)
{
	if (left-- <= 0 && left > -9)
		panic("the console is broken");
	uart_putc(c);
}

static const struct console broken = { putc_until_broken, uart_getc };

void
check_main(void)
{
	console_register(&broken);
	panic("this is cut short");
}
