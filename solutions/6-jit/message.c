// What happens when a message arrives (exo/endpoint.h): the handler's two helpers, and whether what it did counts.

#include <exo/endpoint.h>
#include <exo/error.h>
#include <exo/string.h>
#include <exo/todo.h>

// BEGIN SOLUTION 6.5
// That stretch lies in another one of `size` bytes, all of it. No sum can wrap.
static bool
within(uint32_t at, uint32_t bytes, uint32_t size)
{
	return at <= size && bytes <= size - at;
}

uint32_t
message_vector(struct bpf_context *context, const uint32_t argument[5])
{
	struct handling *h = (struct handling *)context;
	uint32_t to = argument[0], from = argument[1], bytes = argument[2], how = argument[3];

	if (!within(from, bytes, h->bytes) || !within(to - context->memory, bytes, context->size))
		return -E_FAULT;
	if (how == VECTOR_PIPES)
		return endpoint_pipe(h, to, from, bytes);
	if (how != VECTOR_COPY)
		return -E_INVAL;
	memcpy((void *)(uintptr_t)to, h->message + from, bytes);
	return 0;
}

// Nothing goes out before the handler is done: it may still be stopped.
uint32_t
message_send(struct bpf_context *context, const uint32_t argument[5])
{
	struct handling *h = (struct handling *)context;
	struct send s = { argument[0], argument[1], argument[2] };

	if (!within(s.at - context->memory, s.bytes, context->size))
		return -E_FAULT;
	if (s.bytes == 0 || s.bytes > MESSAGE_MAX ||
	    (s.where != SEND_NETWORK && (s.where >= ENDPOINT_COUNT || endpoints[s.where].owner == 0)))
		return -E_INVAL;
	if (h->count == ENDPOINT_SENDS)
		return -E_NOMEM;
	h->sends[h->count++] = s;
	return 0;
}

void
message_arrive(struct endpoint *e, const uint8_t *message, uint32_t bytes)
{
	struct handling h;
	uint32_t result;

	if (e->handler.code.pages != 0 && endpoint_handle(e, message, bytes, &h, &result) == BPF_DONE &&
	    result == MESSAGE_TAKEN) {
		endpoint_commit(&h);
		e->info.taken++;
	} else {
		endpoint_ring(e, message, bytes);
	}
}
// INSTEAD
//| // TODO 6.5: check, then copy; check, then note; run, then let it count, or pass the message on.
//| uint32_t
//| message_vector(struct bpf_context *context, const uint32_t argument[5])
//| {
//| 	(void)context, (void)argument;
//| 	todo("6.5");
//| 	return -E_FAULT;
//| }
//|
//| uint32_t
//| message_send(struct bpf_context *context, const uint32_t argument[5])
//| {
//| 	(void)context, (void)argument;
//| 	todo("6.5");
//| 	return -E_FAULT;
//| }
//|
//| void
//| message_arrive(struct endpoint *e, const uint8_t *message, uint32_t bytes)
//| {
//| 	if (e->handler.code.pages != 0)
//| 		todo("6.5");
//| 	endpoint_ring(e, message, bytes);
//| }
// END SOLUTION
