// Switches the machine off (exo/power.h): the kernel asks the firmware, by the door that the
// device tree names.

#include <exo/arm.h>
#include <exo/fdt.h>
#include <exo/power.h>
#include <exo/psci.h>
#include <exo/string.h>
#include <exo/todo.h>
#include <exo/uart.h>

void
power_off(void)
{
	// TODO 1.6: flush the UART; look up "method" of "/psci" in the device tree; r0 = PSCI_SYSTEM_OFF; HVC or SMC.
	todo("1.6");
	for (;;)
		wfi();
}
