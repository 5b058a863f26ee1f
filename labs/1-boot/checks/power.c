// Says its last words and switches off, by the student's power_off(). Where there is an input,
// the device tree was changed before: it names that conduit, or, for "-", there is no tree at all.

#include <exo/check.h>
#include <exo/fdt.h>
#include <exo/power.h>
#include <exo/string.h>

void
check_main(void)
{
	uint32_t len;
	const char *method = fdt_property(fdt(), "/psci", "method", &len);

	if (params()->input_size == 1)
		memset((void *)fdt(), 0, sizeof(uint32_t));
	else if (params()->input_size > 0)
		memcpy((void *)method, params()->input, len);
	printk("good night\n");
	power_off();
}
