// Says its last words and switches off, by the student's power_off(); or, where the input says
// so, after the device tree was changed to name a conduit that nobody has.

#include <exo/check.h>
#include <exo/fdt.h>
#include <exo/power.h>
#include <exo/string.h>

void
check_main(void)
{
	if (params()->input_size > 0) {
		uint32_t len;
		const char *method = fdt_property(fdt(), "/psci", "method", &len);

		memcpy((char *)method, params()->input, len);
	}
	printk("good night\n");
	power_off();
}
