#include "say.h"

int
main(void)
{
	uint32_t me = SAVE->id, server = me + 65, m[4];	// next slot, next generation
	struct pipe there, back;
	physaddr_t pa;
	char c = 'x';
	int32_t r;

	libos_init();
	ipc_init();
	TIME("nothing", );
	say("call before it serves", ipc_call(server, (uint32_t[4]){ 1, 2, 3, 4 }));
	say("call 0", ipc_call(0, (uint32_t[4]){ 1 }));
	say("call dead", ipc_call(server + 64, (uint32_t[4]){ 1 }));
	say("call self", ipc_call(me, (uint32_t[4]){ 1 }));
	yield(server);
	for (int i = 0; i < 3; i++) {
		m[0] = 1, m[1] = 2, m[2] = 3, m[3] = 4;
		TIME("round trip", r = ipc_call(server, m));
		say("r", r), say("m0", m[0]), say("m3", m[3]);
	}
	for (int i = 0; i < 3; i++)
		TIME("yield there and back", yield(server));
	for (int i = 0; i < 3; i++)
		TIME("yield to nobody and back", yield(0));
	m[0] = 1000000;					// preempted many times
	TIME("long call", r = ipc_call(server, m));
	say("r", r);
	say("pipe", pipe_create(&there, 0x200000, &pa, server));
	m[0] = pa, m[1] = 0;
	r = ipc_call(server, m);
	say("told", r);
	say("pipe", pipe_create(&back, 0x201000, &pa, server));
	m[0] = pa, m[1] = 1;
	r = ipc_call(server, m);
	say("told", r);
	yield(server);
	for (int i = 0; i < 4; i++) {
		TIME("pipe round trip", (pipe_write(&there, &c, 1), pipe_read(&back, &c, 1)));
		sys_write(&c, 1);
		SAY("\n");
	}
	uint32_t sum = 0, expected = 0;
	for (int i = 0; i < 3000; i++) {
		char buf[7] = { i % 100, i % 100 + 1, i % 100 + 2, i % 100 + 3, i % 100 + 4, i % 100 + 5, i % 100 + 6 };
		if (i % 250 == 0) say("i", i), say("x", SAVE->excess);
		pipe_write(&there, buf, sizeof buf);
		int got = 0;
		while (got < 7) {
			int n = pipe_read(&back, buf, sizeof buf);
			for (int k = 0; k < n; k++, got++)
				sum = sum * 31 + buf[k], expected = expected * 31 + (uint8_t)(i % 100 + got + 1);
		}
	}
	say("pipe sum right", sum == expected);
	c = 0xff;
	pipe_write(&there, &c, 1);
	say("gone", pipe_read(&back, &c, 1));
	say("transfer when told", SAVE->excess);
	return 3;
}
