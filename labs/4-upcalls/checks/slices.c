// Steps 4.7 and 4.8: environments that share the processor's time as the run's input says (script.h).

#include "script.h"

void
check_main(void)
{
	script_envs();
	script_run();
	report("events %u", event_count);
}
