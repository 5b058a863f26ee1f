// Echoes what arrives, a FIFO's worth at a time: the grader sends the next bytes while the core
// stands before echo_more().

#include <exo/check.h>
#include <exo/uart.h>

__attribute__((noinline)) void
echo_more(unsigned n)
{
	__asm__ volatile("" : : "r"(n));
}

void
check_main(void)
{
	uint32_t total = params()->input[0] | params()->input[1] << 8;

	for (uint32_t done = 0; done < total; done++) {
		if (done % 16 == 0)
			echo_more(total - done < 16 ? total - done : 16);
		uart_putc(uart_getc());
	}
	report("echoed %u, more %d", total, uart_poll());
}
