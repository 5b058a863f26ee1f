// An application that holds pin 1, and tries the blinker's module; then it has one of its own, which works with that.

#include <exo/error.h>

#include "programs.h"

int
main(void)
{
	uint32_t words, refused, result = 0;
	int32_t error;

	libos_init();
	sleep_until(sys_now() + 2 * MODULE_TICKS);	// the blinker goes first
	pin_hold(2);
	error = put("blink", &words, &refused);
	if (error != -E_PERM)
		return 1;
	printf("other: pin 1 is ours; blink is refused to us, at 0x%x of its code: it is for pin 0\n", refused);
	if (put("tally", &words, &refused) != TALLY)
		return 2;
	printf("other: tally, %u words, is accepted as module %u\n", words, TALLY);
	while (module_run(TALLY, TALLY_ADD, 0, 0, 0, 0, &result) == 0 && result != SUM)
		yield(0);
	module_run(TALLY, TALLY_ASK, 2, 0, 0, 0, &result);
	printf("other: tally had blink toggle pin 0, %u times, and we could not\n", result);
	return 0;
}
