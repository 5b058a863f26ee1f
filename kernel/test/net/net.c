// The network driver, driven by the parameter block's input: a word that says what to do, and what that takes. What
// it comes to is reported, or goes out in frames; grader/tests/test_net.py judges both.

#include <exo/check.h>
#include <exo/net.h>
#include <exo/trap.h>

enum { ECHO, DEAF, FILL, DELIVER };

#define LAST 0x88b6		// the type of a frame that ends the run (IEEE 802's second for local experiments)

static uint32_t bad, frames;
static bool last;

static void
send(const uint8_t *frame, uint32_t size)
{
	int error;

	while ((error = net_send(frame, size)) == -2)
		trap_idle();
	if (error < 0)
		report("send %d", error);
}

static void
take(uint8_t *frame, uint32_t size)
{
	if ((uintptr_t)frame % 4 != 2)
		bad++;
	frames++;
	last = frame[12] == LAST >> 8 && frame[13] == (LAST & 0xff);
	if (net_send(frame, size) < 0)
		report("lost %u", frames);
}

// Send back what comes, until the last.
static void
echo(void)
{
	net_on_frame(take);
	while (!last)
		trap_idle();
}

void
check_main(void)
{
	const uint32_t *in = (const uint32_t *)params()->input;

	report("init %d mac %02x:%02x:%02x:%02x:%02x:%02x", net_init(), net_mac[0], net_mac[1], net_mac[2], net_mac[3],
	    net_mac[4], net_mac[5]);
	(void)send;
	switch (in[0]) {
	case ECHO: echo(); break;
	}
	report("frames %u misaligned %u received %u dropped %u sent %u", frames, bad, net_counters.received,
	    net_counters.dropped, net_counters.sent);
}
