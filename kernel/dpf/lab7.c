// How lab 7 joins the kernel: frames from the network go where filters say, and in no other way; the system calls for
// filters (exo/syscall.h); what becomes of an environment's filters when it ends. Given.

#include <exo/dpf.h>
#include <exo/endpoint.h>
#include <exo/error.h>
#include <exo/net.h>
#include <exo/syscall.h>
#include <exo/trap.h>

// Who gets it is decided here; what happens then, by its end point (exo/endpoint.h).
static void
frame(uint8_t *bytes, uint32_t size)
{
	uint32_t id = dpf_classify(bytes, size), owner, endpoint;

	if (!dpf_find(id, &owner, &endpoint) || endpoints[endpoint].owner != owner ||
	    endpoint_deliver(endpoint, bytes, size) < 0)
		endpoint_unclaimed++;
}

static int32_t
sys_filter_insert(uint32_t from, uint32_t cap, uint32_t a2, uint32_t a3)
{
	const struct env *env = env_current();
	struct dpf_filter filter;
	struct cap shown;

	(void)a2, (void)a3;
	if (copy_in(&filter, from, sizeof filter) < 0 || (cap != 0 && copy_in(&shown, cap, sizeof shown) < 0))
		return -E_FAULT;
	if (filter.endpoint >= ENDPOINT_COUNT || endpoints[filter.endpoint].owner != env->id)
		return -E_NOENT;
	return dpf_insert(&filter, env->id, &env->guard, cap != 0 ? &shown : NULL);
}

static int32_t
sys_filter_delete(uint32_t id, uint32_t a1, uint32_t a2, uint32_t a3)
{
	(void)a1, (void)a2, (void)a3;
	return dpf_delete(id, env_current()->id);
}

static void
ended(uint32_t id)
{
	uint32_t owner, endpoint;

	for (uint32_t n = 1; n <= DPF_FILTERS; n++)
		if (dpf_find(n, &owner, &endpoint) && owner == id)
			dpf_delete(n, id);
}

void
lab7_init(void)
{
	dpf_init();
	syscall_register(SYS_FILTER_INSERT, sys_filter_insert);
	syscall_register(SYS_FILTER_DELETE, sys_filter_delete);
	env_on_end(ended);
	net_on_frame(frame);
}
