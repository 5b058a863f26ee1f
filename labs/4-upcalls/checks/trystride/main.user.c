#include "say.h"
int
main(void)
{
	uint32_t me = SAVE->id;
	libos_init();
	yield(0);
	for (int i = 3; i >= 1; i--)
		say("add", stride_add(me - 65 * i, i));
	for (int k = 0; k < 8; k++) {
		uint32_t taken = 0;
		for (int i = 0; i < 60; i++)
			taken |= stride_run();
		say("error", taken);
		for (int i = 0; i < 3; i++)
			say("slices", stride_children[i].slices);
	}
	say("give 0 back", sys_slice_take(0));
	while (stride_run() == 0)
		;
	for (int i = 0; i < 3; i++)
		say("slices", stride_children[i].slices);
	return 1;
}
