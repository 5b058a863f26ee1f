// Messages as an application sees them (exo/message.h). What goes wrong is what the system calls return, -E_FAULT too
// where their arguments are no memory of ours.
#pragma once

#include <exo/cap.h>
#include <exo/message.h>

// A ring as we go through it: its slots, and which comes next.
struct message_ring {
	struct message_slot *slots;
	uint32_t count, next;
};

// Open the end point that *asked describes, and close it again. -E_PERM: the kernel refuses the program, and
// asked->refused tells.
int32_t messages_open(struct endpoint_open *asked);
int32_t messages_close(uint32_t number);
int32_t messages_info(uint32_t number, struct endpoint_info *info);

// The ring of an end point that has one, from its first slot on.
struct message_ring messages_ring(const struct endpoint_open *asked);

// The message that has come and waits longest; null: there is none. It is ours until it is given back, which makes the
// next one the longest waiting.
struct message_slot *message_next(const struct message_ring *ring);
void message_done(struct message_ring *ring);

// Send that many bytes to an end point, with a capability that fits its owner (null: it is ours), or to SEND_NETWORK.
int32_t message_post(uint32_t number, const void *bytes, uint32_t size, const volatile struct cap *cap);

// Install a wakeup predicate; sleep until it holds, as sleep_until() does. -E_NOENT: there is none.
int32_t predicate_put(struct predicate_install *asked);
int32_t predicate_sleep(void);

// To be told by an upcall, give an end point message_entry as its `entry`, and say here first who is to be called, with
// the number: on a stack of SLICE_STACK bytes (libos/upcall.h), soon done, as no slice's end can be told meanwhile.
typedef void message_handler(uint32_t number);
void on_message(message_handler *handler);
extern const uint32_t message_entry[];
