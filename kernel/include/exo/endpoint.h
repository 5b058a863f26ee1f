// Message end points in the kernel: what it knows of each, and what happens when a message arrives. What applications see of
// it is in exo/message.h.
#pragma once

#include <exo/env.h>
#include <exo/message.h>
#include <exo/program.h>

struct send {
	uint32_t at, bytes, where;
};

// A handler's run. Helpers get its first member.
struct handling {
	struct bpf_context context;
	struct endpoint *endpoint;
	const uint8_t *message;
	uint32_t bytes;			// of the message
	struct send sends[ENDPOINT_SENDS];
	uint32_t count;			// of them
};

struct endpoint {
	uint32_t owner;			// environment; 0: it is not open
	struct space memory, pipes;
	struct compiled handler;
	uint32_t fuel, entry;
	uint32_t ring, next;		// the ring's first slot, counted in slots from the memory's first byte; the next to fill
	struct endpoint_info info;
};

extern struct endpoint endpoints[ENDPOINT_COUNT];

// Step 6.5, in message.c. Of several errors the first in this order is told.
// HELPER_VECTOR: -E_FAULT: not all of these bytes are the message's, or not all of that memory
// the handler's, and nothing is copied then; -E_INVAL: there is no such way; else 0, or what
// endpoint_pipe() returns.
// HELPER_SEND: -E_FAULT: not all of that memory is the handler's; -E_INVAL: 0 bytes, or more than
// MESSAGE_MAX, or no such end point is open;
// -E_NOMEM: that were one more than ENDPOINT_SENDS; else 0.
bpf_function message_vector, message_send;

// Step 6.5, in message.c: a message has arrived at an end point that is open. `bytes` is 1 to
// MESSAGE_MAX. One that the handler takes is counted in info.taken, and goes no other way; all
// else is counted by whom this calls.
void message_arrive(struct endpoint *e, const uint8_t *message, uint32_t bytes);

// Given, in kernel/jit/endpoint.c.
// Run its handler (there is one) on a message; *result is r0 if it is DONE. *h holds what it has sent.
enum bpf_end endpoint_handle(struct endpoint *e, const uint8_t *message, uint32_t bytes, struct handling *h, uint32_t *result);

// What endpoint h's handler has sent goes out, in order. A message to an end point goes into its ring, past its handler:
// no handler is run on account of another.
void endpoint_commit(const struct handling *h);

// Those bytes through the end point's pipes, to memory that has been checked: the first checksum among them, or 0 if there
// is none; -E_INVAL: the end point has no pipes, or they cannot take that many bytes.
int32_t endpoint_pipe(const struct handling *h, uint32_t to, uint32_t from, uint32_t bytes);

// Into the ring, or lost.
void endpoint_ring(struct endpoint *e, const uint8_t *message, uint32_t bytes);

extern uint32_t endpoint_unclaimed;		// frames from the network that were no end point's

// A message for the end point of that number: -E_NOENT, it is not open; -E_INVAL, bytes.
int endpoint_deliver(uint32_t number, const uint8_t *message, uint32_t bytes);

// The helpers that a handler has.
extern const struct bpf_helper handler_helpers[BPF_HELPERS];

int endpoint_open(struct env *env, struct endpoint_open *asked);	// as SYS_ENDPOINT_OPEN
void endpoint_close(struct endpoint *e);
void endpoint_forget(uint32_t owner);					// it has ended

// An interrupt has come in user mode: an upcall, if one is due.
struct trapframe;
void endpoint_upcall(struct trapframe *tf);
