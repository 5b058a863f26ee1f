// Message end points (exo/endpoint.h): opening and closing them, running their handlers, their rings, the upcall.

#include <exo/arm.h>
#include <exo/endpoint.h>
#include <exo/error.h>
#include <exo/net.h>
#include <exo/pipe.h>
#include <exo/predicate.h>
#include <exo/register.h>
#include <exo/slice.h>
#include <exo/string.h>
#include <exo/timer.h>
#include <exo/trap.h>

#define PIPE_WORDS     8192		// of compiled pipes at most
#define SLOTS_PER_PAGE (PAGE_SIZE / sizeof(struct message_slot))

struct endpoint endpoints[ENDPOINT_COUNT];
uint32_t endpoint_unclaimed;
static uint32_t due;			// a bit for each whose owner is to be told by an upcall

static uint32_t
now(struct bpf_context *context, const uint32_t argument[5])
{
	(void)context, (void)argument;
	return (uint32_t)timer_now();
}

const struct bpf_helper handler_helpers[BPF_HELPERS] = {
	[HELPER_VECTOR] = { message_vector, 4 },
	[HELPER_SEND] = { message_send, 3 },
	[HELPER_TIME] = { now, 0 },
};

enum bpf_end
endpoint_handle(struct endpoint *e, const uint8_t *message, uint32_t bytes, struct handling *h, uint32_t *result)
{
	enum bpf_end end;

	h->context = (struct bpf_context){
		.memory = (uintptr_t)space_address(&e->memory),
		.size = e->memory.pages * PAGE_SIZE,
		.argument = bytes,
		.fuel = e->fuel,
		.helpers = handler_helpers,
	};
	h->endpoint = e;
	h->message = message;
	h->bytes = bytes;
	h->count = 0;
	end = program_run(&e->handler, &h->context, result);
	if (end != BPF_DONE) {
		e->info.stopped++;
		e->info.end = end;
		e->info.fault = h->context.fault - h->context.memory;
	}
	return end;
}

void
endpoint_commit(const struct handling *h)
{
	for (uint32_t i = 0; i < h->count; i++) {
		const struct send *s = &h->sends[i];
		const uint8_t *bytes = (const uint8_t *)(uintptr_t)s->at;

		if (s->where == SEND_NETWORK)
			net_send(bytes, s->bytes);
		else
			endpoint_ring(&endpoints[s->where], bytes, s->bytes);
	}
}

int32_t
endpoint_pipe(const struct handling *h, uint32_t to, uint32_t from, uint32_t bytes)
{
	const struct space *pipes = &h->endpoint->pipes;
	struct pipe_call call = { (uintptr_t)h->message + from, to, bytes, { 0 } };
	int error = -E_INVAL;

	if (pipes->pages != 0)
		error = ((pipe_function *)(uintptr_t)space_address(pipes))(&call);
	return error < 0 ? error : (int32_t)call.sums[0];
}

// Compile the pipes that the application has at va.
static int
open_pipes(struct endpoint *e, uint32_t va, uint32_t count)
{
	static uint32_t code[PIPE_WORDS] __attribute__((section(".far")));
	struct pipe pipes[PIPES_MAX];
	int32_t words;

	if (count > PIPES_MAX)
		return -E_NOMEM;
	if (copy_in(pipes, va, count * sizeof *pipes) < 0)
		return -E_FAULT;
	words = pipe_compile(pipes, count, code, PIPE_WORDS);
	return words < 0 ? words : space_code(&e->pipes, code, words);
}

void
endpoint_ring(struct endpoint *e, const uint8_t *message, uint32_t bytes)
{
	struct message_slot *slot = (struct message_slot *)space_address(&e->memory) + e->next;

	if (e->ring == 0 || *(volatile uint32_t *)&slot->size != 0) {
		e->info.lost++;
		return;
	}
	memcpy(slot->bytes, message, bytes);
	*(volatile uint32_t *)&slot->size = bytes;
	if (++e->next == e->memory.pages * SLOTS_PER_PAGE)
		e->next = e->ring;
	e->info.ringed++;
	if (e->entry != 0)
		due |= 1u << (e - endpoints);
	predicate_wake(env_find(e->owner));
}

int
endpoint_deliver(uint32_t number, const uint8_t *message, uint32_t bytes)
{
	if (number >= ENDPOINT_COUNT || endpoints[number].owner == 0)
		return -E_NOENT;
	if (bytes == 0 || bytes > MESSAGE_MAX)
		return -E_INVAL;
	message_arrive(&endpoints[number], message, bytes);
	return 0;
}

void
endpoint_close(struct endpoint *e)
{
	program_unload(&e->handler);
	space_free(&e->pipes);
	space_free(&e->memory);
	due &= ~(1u << (e - endpoints));
	e->owner = 0;
}

int
endpoint_open(struct env *env, struct endpoint_open *asked)
{
	struct endpoint *e = &endpoints[asked->number % ENDPOINT_COUNT];
	int error;

	if (asked->number == 0 || asked->number >= ENDPOINT_COUNT || asked->pages > ENDPOINT_PAGES ||
	    asked->ring >= asked->pages || asked->fuel > FUEL_MAX)
		return -E_INVAL;
	if (e->owner != 0)
		return -E_EXISTS;
	memset(e, 0, sizeof *e);
	error = space_share(&e->memory, &env->as, asked->memory, asked->pages, true);
	if (error == 0 && asked->count > 0)
		error = program_copy(&e->handler, asked->program, asked->count, handler_helpers,
		    PROGRAM_ANY, &asked->refused);
	if (error == 0 && asked->pipe_count > 0)
		error = open_pipes(e, asked->pipes, asked->pipe_count);
	if (error < 0) {
		endpoint_close(e);
		return error;
	}
	e->fuel = asked->fuel;
	e->entry = asked->entry;
	e->ring = e->next = asked->ring * SLOTS_PER_PAGE;
	e->owner = env->id;
	return 0;
}

void
endpoint_forget(uint32_t owner)
{
	for (struct endpoint *e = endpoints; e < endpoints + ENDPOINT_COUNT; e++)
		if (e->owner == owner)
			endpoint_close(e);
}

// One at a time; one that cannot be told now, as the slot is in use, is told at a later interrupt.
void
endpoint_upcall(struct trapframe *tf)
{
	struct env *env = env_current();
	struct upcall *slot = &env->save->slice;

	for (uint32_t left = due; left != 0 && slot->cpsr == 0; left &= left - 1) {
		uint32_t number = __builtin_ctz(left);

		if (endpoints[number].owner != env->id)
			continue;
		due &= ~(1u << number);
		*slot = (struct upcall){ tf->cpsr, 0, 0, { tf->r[0], tf->r[1], tf->r[2] }, tf->pc };
		tf->r[0] = number;
		tf->pc = endpoints[number].entry & ~3u;
		tf->cpsr = PSR_M_USR;
	}
}
