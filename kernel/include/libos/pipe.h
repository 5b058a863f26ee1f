// Pipes: a ring of bytes in a page that two environments share. Given, in kernel/libos/pipe.c. The kernel has no part
// in it but for the page, bound by capability, and the transfer by which one that has to wait passes its time to the
// other.
#pragma once

#include <exo/mmu.h>
#include <exo/types.h>

#define PIPE_SIZE 2048		// bytes in a ring, a power of two: the counts below come round

// In the shared page. What the other side writes there is believed as far as it harms no one but the data.
struct ring {
	volatile uint32_t written, read;	// bytes ever, modulo 2^32
	uint32_t zero[2];
	volatile uint8_t bytes[PIPE_SIZE];
};

struct pipe {
	struct ring *ring;
	uint32_t peer;		// the environment at the other end
};

// A new page for a ring, at va, guarded by the environment's own capability; its physical address, to be told to the
// other side, in *pa. Errors are SYS_PAGES's.
int32_t pipe_create(struct pipe *pipe, uint32_t va, physaddr_t *pa, uint32_t peer);

// The other side: bind the page at pa by the capability *cap, at va.
struct cap;
int32_t pipe_bind(struct pipe *pipe, uint32_t va, physaddr_t pa, const volatile struct cap *cap, uint32_t peer);

// Read at least one byte and at most size (which is not 0), or write all: the number of bytes. While there is none, or
// no room, the peer runs. -E_NOENT: the peer has ended (what it has written can be read first). Both want ipc_init() to
// have been called.
int32_t pipe_read(struct pipe *pipe, void *to, uint32_t size);
int32_t pipe_write(struct pipe *pipe, const void *from, uint32_t size);
