// A scheduler as an application: its slices go to three children, in the proportion 3:2:1, by a stride scheduler.

#include <libos/io.h>
#include <libos/process.h>
#include <libos/stride.h>
#include <libos/sys.h>
#include "demo.h"

#define TURNS 24

// A child owns no slice, and counts the turns that it is given; it ends with its last.
static int
child(unsigned turns)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 16; i++)
		sys_slice_give(i, 0);
	do
		yield(0);
	while (++n < turns);
	return n;
}

int
main(void)
{
	char order[TURNS + 1] = "";
	int32_t env[3];

	libos_init();
	after_part_a();
	for (unsigned i = 0; i < 3; i++) {
		env[i] = fork();
		if (env[i] == 0)
			return child(TURNS * (3 - i) / 6);
		yield(env[i]);
		stride_add(env[i], 3 - i);
	}
	for (unsigned n = 0; n < TURNS; n++) {
		uint32_t before[3];

		for (unsigned i = 0; i < 3; i++)
			before[i] = stride_children[i].slices;
		stride_run();
		for (unsigned i = 0; i < 3; i++)
			if (stride_children[i].slices != before[i])
				order[n] = 'a' + i;
	}
	printf("shares: %u turns to a, b and c at 3:2:1: %s\n", TURNS, order);
	for (unsigned i = 0; i < 3; i++)
		printf("shares: %c has counted %d\n", 'a' + i, wait(env[i], NULL));
	return 0;
}
