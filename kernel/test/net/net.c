// The network driver, driven by the parameter block's input: a word that says what to do, and what that takes. What
// it comes to is reported, or goes out in frames; grader/tests/test_net.py judges both.

#include <exo/check.h>
#include <exo/error.h>
#include <exo/net.h>
#include <exo/string.h>
#include <exo/timer.h>
#include <exo/trap.h>
#include <exo/user.h>

enum { ECHO, USER, TAKE, NOBODY, BURST, FILL, SPIN, ANSWER, DELIVER };

#define LAST 0x88b6		// the type of a frame that ends the run (IEEE 802's second for local experiments)

static const uint32_t *in;	// what stands behind the first word
static uint32_t frames, misaligned, hash = 2166136261u;
static bool last;

// Of sizes and contents, in order: FNV-1a (RFC draft-eastlake-fnv).
static void
note(const uint8_t *frame, uint32_t size)
{
	frames++;
	misaligned += (uintptr_t)frame % 4 != 2;
	hash = (hash ^ size) * 16777619;
	for (uint32_t i = 0; i < size; i++)
		hash = (hash ^ frame[i]) * 16777619;
	last |= frame[12] == LAST >> 8 && frame[13] == (LAST & 0xff);
}

static void
echo(uint8_t *frame, uint32_t size)
{
	note(frame, size);
	if (net_send(frame, size) < 0)
		report("lost %u", frames);
}

// And then end the application, which waits for nothing.
static void
echo_user(uint8_t *frame, uint32_t size)
{
	echo(frame, size);
	if (last)
		user_leave(7);
}

static void
take(uint8_t *frame, uint32_t size)
{
	note(frame, size);
}

static void
swap(uint8_t *a, uint8_t *b, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++) {
		uint8_t byte = a[i];

		a[i] = b[i];
		b[i] = byte;
	}
}

// ARP's question for an address, whichever, and any datagram of UDP over IPv4: back to where they came from.
static void
answer(uint8_t *frame, uint32_t size)
{
	static const uint8_t arp[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, 1 }, ip[] = { 8, 0, 0x45 };

	if (size >= 42 && memcmp(frame + 12, arp, sizeof arp) == 0) {
		frame[21] = 2;
		swap(frame + 22, frame + 32, 10);
		memcpy(frame + 22, net_mac, 6);
	} else if (size >= 42 && memcmp(frame + 12, ip, sizeof ip) == 0 && frame[23] == 17) {
		swap(frame + 26, frame + 30, 4);
		swap(frame + 34, frame + 36, 2);
		last = size > 42 && frame[42] == '.';
	} else {
		return;
	}
	memcpy(frame, frame + 6, 6);
	memcpy(frame + 6, net_mac, 6);
	net_send(frame, size);
}

static void
until_last(net_receiver *receive)
{
	net_on_frame(receive);
	while (!last)
		trap_idle();
}

// A frame of number n: its size and each of its bytes tell which.
static uint32_t
numbered(uint8_t *frame, uint32_t n)
{
	uint32_t size = NET_FRAME_MIN + n * 37 % (NET_FRAME_MAX - NET_FRAME_MIN + 1);

	for (uint32_t i = 0; i < size; i++)
		frame[i] = n + i + (n >> 8);
	return size;
}

static void
burst(uint32_t count)
{
	static uint8_t frame[NET_FRAME_MAX + 1];
	uint32_t waited = 0;

	for (uint32_t n = 0; n < count; n++) {
		uint32_t size = numbered(frame + n % 2, n);
		int error;

		while ((error = net_send(frame + n % 2, size)) == -E_NOMEM) {
			trap_idle();
			waited++;
		}
		if (error < 0)
			report("error %d", error);
	}
	report("waited %d", waited != 0);
}

static void
spin(uint32_t ticks)
{
	uint64_t until = timer_now() + ticks;

	while (timer_now() < until)
		continue;
}

// Until no more goes out for long: the other end may only be slow.
static void
fill(void)
{
	static uint8_t frame[NET_FRAME_MAX];
	uint32_t sent = 0;
	int error = 0;

	for (unsigned refused = 0; refused < 20; ) {
		error = net_send(frame, sizeof frame);
		if (error == 0) {
			sent++;
			refused = 0;
		} else {
			refused++;
			spin(1000000);
		}
	}
	report("filled %u error %d again %d", sent, error, net_send(frame, NET_HEADER));
}

static void
deliver(const uint32_t *end)
{
	report("send %d", net_send(in, NET_FRAME_MIN));
	net_poll();
	net_on_frame(take);
	for (; in < end; in += 1 + (in[0] + 3) / 4)
		report("deliver %u %d frames %u", in[0], net_deliver(in + 1, in[0]), frames);
}

void
check_main(void)
{
	const uint32_t *end = (const uint32_t *)params()->input + params()->input_size / 4;

	in = (const uint32_t *)params()->input + 1;
	report("init %d mac %02x:%02x:%02x:%02x:%02x:%02x", net_init(), net_mac[0], net_mac[1], net_mac[2], net_mac[3],
	    net_mac[4], net_mac[5]);
	switch (in[-1]) {
	case ECHO: until_last(echo); break;
	case USER: net_on_frame(echo_user); report("left %d", user_run("spins", 0)); break;
	case TAKE: net_on_frame(take); spin(in[0]); until_last(take); break;
	case NOBODY: while (net_counters.dropped < in[0]) trap_idle(); break;
	case BURST: burst(in[0]); break;
	case FILL: fill(); break;
	case SPIN: for (;;) continue;
	case ANSWER: until_last(answer); break;
	case DELIVER: deliver(end); break;
	}
	report("frames %u misaligned %u hash %u", frames, misaligned, hash);
	report("received %u dropped %u sent %u", net_counters.received, net_counters.dropped, net_counters.sent);
}
