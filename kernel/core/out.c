// The framework's own output and its own way to switch off (exo/report.h). Uses no .bss, so
// that it works at any time, in any state.

#include <exo/arm.h>
#include <exo/board.h>
#include <exo/fdt.h>
#include <exo/params.h>
#include <exo/pl011.h>
#include <exo/printk.h>
#include <exo/psci.h>
#include <exo/report.h>
#include <exo/string.h>

static void
out_putc(char c, void *arg)
{
	(void)arg;
	while (*mmio(BOARD_UART_PA + UARTFR) & UARTFR_TXFF)
		;
	*mmio(BOARD_UART_PA + UARTDR) = c;
}

void
out_printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vformat(out_putc, NULL, fmt, ap);
	va_end(ap);
}

void
report(const char *fmt, ...)
{
	va_list ap;

	out_printk("[%016llx] ", params()->nonce);
	va_start(ap, fmt);
	vformat(out_putc, NULL, fmt, ap);
	va_end(ap);
	out_printk("\n");
}

// The device tree names the conduit for a kernel in SVC mode; from HYP mode, which HVC cannot
// leave, it is SMC.
void run_off(void) __attribute__((noreturn));
void
run_off(void)
{
	const char *method = fdt_property(fdt(), "/psci", "method", NULL);
	bool smc = (cpsr_read() & PSR_M) == PSR_M_HYP || (method != NULL && strcmp(method, "smc") == 0);
	register uint32_t r0 __asm__("r0") = PSCI_SYSTEM_OFF;

	if (smc)
		__asm__ volatile("smc #0" : "+r"(r0) : : "r1", "r2", "r3", "memory");
	else
		__asm__ volatile("hvc #0" : "+r"(r0) : : "r1", "r2", "r3", "memory");
	for (;;)
		wfi();
}
