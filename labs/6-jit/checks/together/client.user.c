// The client: its name is a prefix of the server's, so it may send there. Replies it finds in its ring.

#include <exo/error.h>
#include <exo/string.h>
#include <libos/io.h>
#include <libos/message.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#include "service.h"

static uint8_t memory[2 * 4096] __attribute__((aligned(4096)));
static struct endpoint_open replies = { .number = REPLIES, .pages = 2, .ring = 1 };
static struct message_ring ring;

static void
send(uint32_t serial, uint32_t add)
{
	struct request request = { serial, add, 0 };
	struct message_slot *slot;
	int32_t error;

	while ((error = message_post(SERVICE, &request, sizeof request, &SAVE->cap)) == -E_NOENT)
		yield(0);			// the server has not come so far
	slot = message_next(&ring);
	if (slot == NULL) {			// a line at a time, as slices end wherever they do
		printf("client: %u sent %d\n", serial, (int)error);
	} else {
		struct request reply;

		memcpy(&reply, slot->bytes, sizeof reply);
		printf("client: %u sent %d, reply %u: sum %u\n", serial, (int)error, reply.serial, reply.sum);
		message_done(&ring);
	}
}

int
main(void)
{
	static const uint8_t stop[1] = { 99 };

	if (libos_init() < 0)
		return 1;
	((volatile uint8_t *)memory)[0] = ((volatile uint8_t *)memory)[4096] = 0;
	replies.memory = address(memory);
	printf("client: open %d\n", (int)messages_open(&replies));
	ring = messages_ring(&replies);
	for (uint32_t n = 1; n <= 3; n++)
		send(n, 100 * n);
	send(4, 0);
	send(5, 7);
	printf("client: not opened %d, none such %d, no bytes %d, too many %d\n",
	    (int)message_post(9, stop, 1, &SAVE->cap), (int)message_post(40, stop, 1, &SAVE->cap),
	    (int)message_post(SERVICE, stop, 0, &SAVE->cap), (int)message_post(SERVICE, memory, MESSAGE_MAX + 1, &SAVE->cap));
	printf("client: from page 0 %d, close another's %d\n", (int)message_post(SERVICE, (void *)16, 4, &SAVE->cap), (int)messages_close(SERVICE));
	while (message_post(SERVICE, stop, 1, &SAVE->cap) != -E_NOENT)
		yield(0);
	printf("client: the server is gone\n");
	return 0;
}
