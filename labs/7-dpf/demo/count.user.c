// A counter of what comes to UDP's discard port (RFC 863), 9: a handler counts and takes it, and nothing is copied.
// What it has come to is told to whoever sends anything to port 10.

#include "service.h"

uint8_t memory[sizeof memory] __attribute__((aligned(4096)));

#define DISCARD 4			// end points
#define TELL    5

static const struct dpf_filter discard = { DISCARD, 6, { FILTER_UDP(OURS, 9) } };
static const struct dpf_filter tell = { TELL, 6, { FILTER_UDP(OURS, 10) } };

// The memory: datagrams, bytes of frames.
static uint8_t counters[4096] __attribute__((aligned(4096)));

static const struct bpf_insn handler[] = {
	BPF_LDX_MEM(BPF_W, 0, 1, 0),
	BPF_ALU32_IMM(BPF_ADD, 0, 1),
	BPF_STX_MEM(BPF_W, 1, 0, 0),
	BPF_LDX_MEM(BPF_W, 0, 1, 4),
	BPF_ALU32_REG(BPF_ADD, 0, 3),
	BPF_STX_MEM(BPF_W, 1, 0, 4),
	BPF_MOV32_IMM(0, MESSAGE_TAKEN),
	BPF_EXIT_INSN(),
};

// Decimal digits at `to`; where they end.
static uint8_t *
decimal(uint8_t *to, uint32_t value)
{
	if (value >= 10)
		to = decimal(to, value / 10);
	*to = '0' + value % 10;
	return to + 1;
}

int
main(void)
{
	struct endpoint_open open = { .number = DISCARD, .memory = address(counters), .pages = 1, .program = address(handler),
		.count = sizeof handler / sizeof *handler, .fuel = 1 };
	struct service s;

	*(volatile uint8_t *)counters = 0;
	if (libos_init() < 0 || messages_open(&open) < 0 || service_open(&s, TELL, NULL, 0) < 0 ||
	    filter_insert(&discard, NULL) < 0 || filter_insert(&tell, NULL) < 0)
		return 1;
	printf("count: UDP port 9, told on port 10\n");
	for (;;) {
		struct message_slot *slot = service_next(&s);
		struct udp udp;

		if (udp_in(slot->bytes, slot->size, OURS, &udp)) {
			const volatile uint32_t *counted = (const volatile uint32_t *)(const void *)counters;
			uint8_t *data = udp_data(slot->bytes), *at = decimal(data, counted[0]);
			uint32_t bytes;

			memcpy(at, " datagrams, ", 12);
			at = decimal(at + 12, counted[1]);
			memcpy(at, " bytes\n", 7);
			bytes = udp_answer(slot->bytes, &udp, at + 7 - data);
			service_send(slot->bytes, bytes);
		}
		message_done(&s.ring);
	}
}
