// `make run LAB=1`: the kernel says hello and echoes what is typed; Ctrl-D switches off, Ctrl-P
// panics.

#include <exo/check.h>
#include <exo/console.h>
#include <exo/panic.h>
#include <exo/power.h>

void
check_main(void)
{
	printk("Type; Ctrl-D switches off, Ctrl-P panics.\n");
	for (;;) {
		int c = console()->getc();

		if (c == 'D' - '@')
			power_off();
		if (c == 'P' - '@')
			panic("you asked for it at %p", __builtin_return_address(0));
		if (c == '\r')
			c = '\n';
		if (c >= 0)
			console()->putc(c);
	}
}
