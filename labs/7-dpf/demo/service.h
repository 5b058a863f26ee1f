// What the demo's applications have in common: an end point with a ring, a predicate that waits for it, and a loop.
#pragma once

#include <exo/bpf_insn.h>
#include <exo/string.h>
#include <libos/filter.h>
#include <libos/io.h>
#include <libos/ip.h>
#include <libos/message.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#define OURS  0x0a00020f		// 10.0.2.15, as QEMU's user network gives it
#define PAGES (1 + PREDICATE_PAGES)	// of memory: the first is the application's, the rest its ring of eight slots

extern uint8_t memory[PAGES * 4096];	// page-aligned

// Any slot of the ring holds a message: r1 is the ring, r2 its bytes. One page after the other, two slots each.
#define ANY_MESSAGE {                                   \
	BPF_ALU32_REG(BPF_ADD, 2, 1),                   \
	BPF_LDX_MEM(BPF_W, 0, 1, 0),                    \
	BPF_JMP32_IMM(BPF_JNE, 0, 0, 4),                \
	BPF_LDX_MEM(BPF_W, 0, 1, 2048),                 \
	BPF_JMP32_IMM(BPF_JNE, 0, 0, 2),                \
	BPF_ALU32_IMM(BPF_ADD, 1, 4096),                \
	BPF_JMP32_REG(BPF_JLT, 1, 2, -6),               \
	BPF_EXIT_INSN(),                                \
}

// Open end point `number`, with a handler or none, and wait for whatever it does not take.
struct service {
	struct endpoint_open open;
	struct message_ring ring;
};

static inline int32_t
service_open(struct service *s, uint32_t number, const struct bpf_insn *handler, uint32_t count)
{
	static const struct bpf_insn any[] = ANY_MESSAGE;
	struct predicate_install wait = { .memory = address(memory) + 4096, .pages = PREDICATE_PAGES, .program = address(any),
		.count = sizeof any / sizeof *any };
	int32_t error;

	for (uint32_t at = 0; at < sizeof memory; at += 4096)
		*(volatile uint8_t *)(memory + at) = 0;		// so that it is there for the kernel
	s->open = (struct endpoint_open){ .number = number, .memory = address(memory), .pages = PAGES, .ring = 1,
		.program = address(handler), .count = count, .fuel = 100 };
	error = messages_open(&s->open);
	s->ring = messages_ring(&s->open);
	return error < 0 ? error : predicate_put(&wait);
}

// The next message that is ours to answer: sleeps until there is one.
static inline struct message_slot *
service_next(struct service *s)
{
	struct message_slot *slot;

	while ((slot = message_next(&s->ring)) == NULL)
		predicate_sleep();
	return slot;
}

// Send a frame; where the device has no room just now, later.
static inline void
service_send(const uint8_t *frame, uint32_t size)
{
	while (size > 0 && message_post(SEND_NETWORK, frame, size, NULL) < 0)
		yield(0);
}
