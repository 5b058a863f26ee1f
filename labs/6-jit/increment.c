// Remote increments (bench.toml): a frame comes in while applications run, a number of one of these is incremented, and
// a reply goes out. The frame is in memory, and comes at the virtual timer's interrupt, in the place of a device's: the
// interrupt's handler hands it over as the network's driver does, by net_deliver(). When, the application says; what
// becomes of it is the way that is measured. The reply is out when net_send() is entered.

#include <exo/arm.h>
#include <exo/board.h>
#include <exo/check.h>
#include <exo/endpoint.h>
#include <exo/env.h>
#include <exo/gic.h>
#include <exo/net.h>
#include <exo/panic.h>
#include <exo/register.h>
#include <exo/trap.h>

#include "increment/ways.h"

#define CNTV_CTL_ENABLE 1
#define GICC_HPPIR      0x018		// the interrupt that is pending and would be next (IHI 0048B, 4.4.7)

// The vectors of increment.S, and what they go by: where the controller says what is pending, and where they lead to
// if it is the frame.
extern uint32_t increment_vectors[];
volatile uint32_t *increment_pending;
void *increment_in;

static uint8_t frame[NET_FRAME_MIN] __attribute__((aligned(4))) = {
	2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ETHERTYPE_EXOLAB >> 8, ETHERTYPE_EXOLAB & 0xff, 0, SERVICE,
};

static int32_t
sys_arrive(uint32_t ticks, uint32_t a1, uint32_t a2, uint32_t a3)
{
	(void)a1, (void)a2, (void)a3;
	cntv_tval_write(ticks);
	cntv_ctl_write(CNTV_CTL_ENABLE);
	return 0;
}

static void
arrive(unsigned irq, void *arg)
{
	(void)irq, (void)arg;
	cntv_ctl_write(0);
	net_deliver(frame, sizeof frame);
}

// The handler that the kernel trusts: it does what server.user.c's does, for the same end point, in its memory.
static void
trusted(uint8_t *bytes, uint32_t size)
{
	uint16_t *to = (uint16_t *)bytes, *from = to + 3;
	uint32_t number = bytes[14] << 8 | bytes[15], *added = (uint32_t *)(bytes + ADDED), *sum;

	if (size < ASKED || (bytes[12] << 8 | bytes[13]) != ETHERTYPE_EXOLAB || number >= ENDPOINT_COUNT ||
	    endpoints[number].owner == 0)
		return;
	sum = (uint32_t *)((uint8_t *)space_address(&endpoints[number].memory) + SUM);
	*sum += __builtin_bswap32(*added);
	*added = __builtin_bswap32(*sum);
	for (unsigned i = 0; i < 3; i++) {
		uint16_t half = to[i];

		to[i] = from[i];
		from[i] = half;
	}
	net_send(bytes, ASKED);
}

static void
watch(void)
{
	vbar_write((uintptr_t)increment_vectors);
	isb();
}

static uint32_t server;			// its name
static uint32_t added;			// what each frame asks for

// With the server the others end.
static void
ended(uint32_t id)
{
	if (id != server)
		return;
	server = 0;
	for (struct env *env = envs; env < envs + ENV_COUNT; env++)
		if (env->id != 0 && env->id != id && !env->ended)
			env_end(env, ENDED_KILLED, 0);
}

static void
serve(char way, uint32_t count, void *in)
{
	const char name[] = { way, 0 };
	uint32_t taken = net_counters.received;
	struct env *env, *first;

	increment_in = in;
	if (way == TRUSTED)
		net_on_frame(trusted);
	if (env_load("server", name, &first) < 0)
		panic("the server cannot be loaded");
	server = first->id;
	for (uint32_t n = 1; n < count; n++)
		if (env_load("other", "other", &env) < 0)
			panic("environment %u cannot be loaded", n);
	env_run();
	if (net_counters.received != taken + TIMES || (uint32_t)first->status != TIMES * added)
		panic("%c, %u environments: %u frames, and the sum %u", way, count, net_counters.received - taken, first->status);
}

#define WAY(way, name) \
	do { \
		extern uint32_t name##_1[], name##_4[], name##_16[]; \
 \
		serve(way, 1, name##_1); \
		serve(way, 4, name##_4); \
		serve(way, 16, name##_16); \
	} while (0)

void
check_main(void)
{
	uint64_t seed = params()->seed;

	added = random64(&seed);
	*(uint32_t *)(frame + ADDED) = __builtin_bswap32(added);
	increment_pending = mmio(BOARD_GICC_PA + GICC_HPPIR);
	syscall_register(SYS_ARRIVE, sys_arrive);
	irq_register(BOARD_VTIMER_IRQ, arrive, NULL);
	gic_enable(BOARD_VTIMER_IRQ);
	env_on_schedule(watch);
	env_on_end(ended);
	WAY(HANDLER, handler);
	WAY(UPCALL, upcall);
	WAY(SCHEDULED, scheduled);
	WAY(SUSPENDED, suspended);
	WAY(TRUSTED, trusted);			// the last: it is given frames in the kernel's place
}
