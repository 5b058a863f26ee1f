// What happens when a message arrives (exo/endpoint.h): the handler's two helpers, and whether what it did counts.

#include <exo/endpoint.h>
#include <exo/error.h>
#include <exo/string.h>
#include <exo/todo.h>

// TODO 6.5: check, then copy; check, then note; run, then let it count, or pass the message on.
uint32_t
message_vector(struct bpf_context *context, const uint32_t argument[5])
{
	(void)context, (void)argument;
	todo("6.5");
	return -E_FAULT;
}

uint32_t
message_send(struct bpf_context *context, const uint32_t argument[5])
{
	(void)context, (void)argument;
	todo("6.5");
	return -E_FAULT;
}

void
message_arrive(struct endpoint *e, const uint8_t *message, uint32_t bytes)
{
	if (e->handler.code.pages != 0)
		todo("6.5");
	endpoint_ring(e, message, bytes);
}
