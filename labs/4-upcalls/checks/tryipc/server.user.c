#include "say.h"

static struct pipe there, back;
static volatile int pipes;

static int32_t
handler(uint32_t caller, uint32_t m[4])
{
	if (m[0] == 1000000) {
		for (volatile int i = 0; i < 200000; i++)
			;
		return 77;
	}
	if (m[0] > 1000000) {
		pipes++;
		return pipe_bind(m[1] ? &back : &there, 0x300000 + m[1] * 0x1000, m[0], &SAVE->cap, caller);
	}
	m[0] += m[1] + m[2] + m[3];
	m[3] = caller;
	return 42;
}

int
main(void)
{
	char c;

	libos_init();
	ipc_serve(handler);
	while (pipes < 2)
		yield(0);
	for (;;) {
		if (pipe_read(&there, &c, 1) != 1)
			break;
		if ((uint8_t)c == 0xff)
			break;
		c++;
		pipe_write(&back, &c, 1);
	}
	return 5;
}
