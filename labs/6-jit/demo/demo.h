// What the demo's two programs agree on, and what both do with rings: wait for one, by a predicate over its two slots.
#pragma once

#include <exo/bpf_insn.h>
#include <exo/mmu.h>
#include <libos/io.h>
#include <libos/message.h>
#include <libos/process.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#define COUNTER 1			// end points: a request goes here,
#define ANSWERS 2			// the answer there

enum what { ADD, LEAVE, PEEK, SPIN, LAST };

struct request {
	uint32_t what, value;		// add the value; have the application do so; load from there; go round so often
};

// The predicate of a ring of two slots, the only page that it sees: is there a message?
static const struct bpf_insn arrived[] = {
	BPF_LDX_MEM(BPF_W, 0, 1, 0),
	BPF_LDX_MEM(BPF_W, 4, 1, sizeof(struct message_slot)),
	BPF_ALU32_REG(BPF_OR, 0, 4),
	BPF_EXIT_INSN(),
};

// One page, to be there before the kernel looks at it.
static inline void
touch(void *page)
{
	*(volatile uint8_t *)page = 0;
}

// The predicate of an end point of two pages, the second of which is its ring.
static inline int32_t
wait_for(const struct endpoint_open *asked)
{
	struct predicate_install wait = { .memory = asked->memory + PAGE_SIZE, .pages = 1, .program = address(arrived),
		.count = ARRAY_SIZE(arrived) };

	return predicate_put(&wait);
}

// Sleep until there is a message: the one that waits longest.
static inline struct message_slot *
wait_on(const struct message_ring *ring)
{
	while (message_next(ring) == NULL)
		predicate_sleep();
	return message_next(ring);
}
