// How lab 6 joins the kernel: its system calls (exo/syscall.h), frames from the network, what becomes of an
// environment's end points and predicate when it ends. Given.

#include <exo/endpoint.h>
#include <exo/error.h>
#include <exo/net.h>
#include <exo/predicate.h>
#include <exo/string.h>
#include <exo/syscall.h>
#include <exo/trap.h>

// The caller's end point of that number; null: it has none of that number.
static struct endpoint *
own(uint32_t number)
{
	struct endpoint *e = &endpoints[number % ENDPOINT_COUNT];

	return number < ENDPOINT_COUNT && e->owner == env_current()->id ? e : NULL;
}

static int32_t
sys_endpoint_open(uint32_t at, uint32_t a1, uint32_t a2, uint32_t a3)
{
	struct endpoint_open asked;
	int error;

	(void)a1, (void)a2, (void)a3;
	if (user_check(at, sizeof asked, true) < 0)
		return -E_FAULT;
	copy_in(&asked, at, sizeof asked);
	error = endpoint_open(env_current(), &asked);
	if (error == -E_PERM)
		copy_out(at + offsetof(struct endpoint_open, refused), &asked.refused, sizeof asked.refused);
	return error;
}

static int32_t
sys_endpoint_close(uint32_t number, uint32_t a1, uint32_t a2, uint32_t a3)
{
	struct endpoint *e = own(number);

	(void)a1, (void)a2, (void)a3;
	if (e == NULL)
		return -E_NOENT;
	endpoint_close(e);
	return 0;
}

static int32_t
sys_endpoint_info(uint32_t number, uint32_t at, uint32_t a2, uint32_t a3)
{
	struct endpoint *e = own(number);

	(void)a2, (void)a3;
	return e == NULL ? -E_NOENT : copy_out(at, &e->info, sizeof e->info);
}

static int32_t
sys_message_send(uint32_t number, uint32_t va, uint32_t size, uint32_t cap)
{
	static uint8_t message[MESSAGE_MAX + 2] __attribute__((aligned(4)));
	bool has = false;
	struct env *env;
	int error;

	if (size == 0 || size > MESSAGE_MAX)
		return -E_INVAL;
	if (copy_in(message + 2, va, size) < 0)
		return -E_FAULT;
	if (number != SEND_NETWORK) {
		if (number >= ENDPOINT_COUNT || endpoints[number].owner == 0)
			return -E_NOENT;
		error = env_named(endpoints[number].owner, cap, &env);
		return error < 0 ? error : endpoint_deliver(number, message + 2, size);
	}
	for (uint32_t n = 1; n < ENDPOINT_COUNT && !has; n++)
		has = own(n) != NULL;
	return has ? net_send(message + 2, size) : -E_PERM;
}

static int32_t
sys_predicate(uint32_t at, uint32_t a1, uint32_t a2, uint32_t a3)
{
	struct predicate_install asked;
	int error;

	(void)a1, (void)a2, (void)a3;
	if (user_check(at, sizeof asked, true) < 0)
		return -E_FAULT;
	copy_in(&asked, at, sizeof asked);
	error = predicate_install(env_current(), &asked);
	if (error == -E_PERM)
		copy_out(at + offsetof(struct predicate_install, refused), &asked.refused, sizeof asked.refused);
	return error;
}

static int32_t
sys_wait(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
	(void)a0, (void)a1, (void)a2, (void)a3;
	return predicate_wait(env_current());
}

static int32_t
sys_net_info(uint32_t to, uint32_t a1, uint32_t a2, uint32_t a3)
{
	struct net_info info = { .received = net_counters.received, .unclaimed = endpoint_unclaimed,
		.sent = net_counters.sent };

	(void)a1, (void)a2, (void)a3;
	memcpy(info.mac, net_mac, sizeof info.mac);
	return copy_out(to, &info, sizeof info);
}

// A frame from the network: which end point it is for is in it, as long as there is no lab 7.
static void
frame(uint8_t *bytes, uint32_t size)
{
	if (size < 16 || (bytes[12] << 8 | bytes[13]) != ETHERTYPE_EXOLAB ||
	    endpoint_deliver(bytes[14] << 8 | bytes[15], bytes, size) < 0)
		endpoint_unclaimed++;
}

static void
ended(uint32_t id)
{
	endpoint_forget(id);
	predicate_forget(id);
}

void
lab6_init(void)
{
	syscall_register(SYS_ENDPOINT_OPEN, sys_endpoint_open);
	syscall_register(SYS_ENDPOINT_CLOSE, sys_endpoint_close);
	syscall_register(SYS_ENDPOINT_INFO, sys_endpoint_info);
	syscall_register(SYS_MESSAGE_SEND, sys_message_send);
	syscall_register(SYS_PREDICATE, sys_predicate);
	syscall_register(SYS_WAIT, sys_wait);
	syscall_register(SYS_NET_INFO, sys_net_info);
	env_on_end(ended);
	env_on_schedule(predicate_wake_all);
	env_on_irq(endpoint_upcall);
	net_on_frame(frame);
	net_init();
}
