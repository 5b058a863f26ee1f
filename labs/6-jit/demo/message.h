// Messages by system calls (exo/endpoint.h, exo/predicate.h, whose types these are), as the demo's programs use them.
#pragma once

#include <exo/bpf.h>
#include <exo/mmu.h>
#include <libos/sys.h>
#include <libos/upcall.h>

struct program_refused {
	uint32_t error, at;
};

#define MESSAGE_TAKEN 1

#define HELPER_VECTOR 1
#define HELPER_SEND   2
#define HELPER_TIME   3

#define VECTOR_COPY  0			// `how`
#define VECTOR_PIPES 1
#define SEND_NETWORK 0			// `where`; else an end point's number

// A slot of the ring. Two to a page, from the ring's first page to the memory's last; the kernel fills one after the
// other, and stops at one whose size is not 0: that one is the application's until it writes 0 there.
struct message_slot {
	uint32_t size;			// 0: free
	uint16_t zero;
	uint8_t bytes[2048 - 6];	// at an address that is 2 modulo 4, as frames like it
};

// What SYS_ENDPOINT_OPEN is told.
struct endpoint_open {
	uint32_t number;		// 1 to ENDPOINT_COUNT - 1
	uint32_t memory, pages;		// its first byte, page-aligned, the application's to read and write
	uint32_t ring;			// of which page of it the ring begins; 0: there is none
	uint32_t entry;			// of an upcall: A32 code, entered with r0 the number, what was interrupted in the
					// slice slot, and all else as at a slice's `end` (exo/slice.h); 0: none
	uint32_t program, count;	// the handler's instructions; 0 of them: none
	uint32_t fuel;			// of each run; FUEL_MAX at most
	uint32_t pipes, pipe_count;	// struct pipe of exo/pipe.h, PIPES_MAX at most; 0 of them: none
	struct program_refused refused;	// written if it is
};

#define FUEL_MAX 10000			// so that no message masks interrupts for longer than that many rounds of a loop

// What became of the messages so far.
struct endpoint_info {
	uint32_t taken;			// by the handler
	uint32_t stopped;		// handlers that were stopped: by a fault, or for want of fuel
	uint32_t ringed, lost;		// of those that the handler did not take
	uint32_t end;			// how the last one was stopped, BPF_FAULT or BPF_FUEL; 0: none was
	uint32_t fault;			// of a fault: the address that was refused, as an offset in the memory
};

// What SYS_PREDICATE is told. Installed instead of the one before; count 0: none any more.
struct predicate_install {
	uint32_t memory, pages;		// page-aligned, the application's to read
	uint32_t program, count;	// instructions
	uint32_t argument;		// r3
	struct program_refused refused;	// written if it is
};

// A ring as we go through it: its slots, and which comes next.
struct message_ring {
	struct message_slot *slots;
	uint32_t count, next;
};

static inline int32_t
messages_open(struct endpoint_open *asked)
{
	return syscall(SYS_ENDPOINT_OPEN, address(asked), 0, 0, 0);
}

static inline int32_t
messages_info(uint32_t number, struct endpoint_info *info)
{
	*(volatile uint32_t *)&info->taken = 0;
	return syscall(SYS_ENDPOINT_INFO, number, address(info), 0, 0);
}

static inline struct message_ring
messages_ring(const struct endpoint_open *asked)
{
	return (struct message_ring){
		.slots = (struct message_slot *)(uintptr_t)(asked->memory + asked->ring * PAGE_SIZE),
		.count = (asked->pages - asked->ring) * (PAGE_SIZE / sizeof(struct message_slot)),
	};
}

static inline struct message_slot *
message_next(const struct message_ring *ring)
{
	struct message_slot *slot = &ring->slots[ring->next];

	return *(volatile uint32_t *)&slot->size != 0 ? slot : NULL;
}

static inline void
message_done(struct message_ring *ring)
{
	*(volatile uint32_t *)&ring->slots[ring->next].size = 0;
	ring->next = (ring->next + 1) % ring->count;
}

static inline int32_t
message_post(uint32_t number, const void *bytes, uint32_t size, const volatile struct cap *cap)
{
	return syscall(SYS_MESSAGE_SEND, number, address(bytes), size, address(cap));
}

static inline int32_t
predicate_put(struct predicate_install *asked)
{
	return syscall(SYS_PREDICATE, address(asked), 0, 0, 0);
}

// As sleep_until() in libos/upcall.h: `begin` picks up what rests on the stack.
static int32_t __attribute__((naked, noinline, unused))
predicate_sleep(void)
{
	__asm__(
		"push	{r3-r11, lr}\n\t"
		"ldr	r2, =resting_sp\n\t"
		"str	sp, [r2]\n\t"
		"mov	r7, %0\n\t"
		"svc	#0\n\t"
		"pop	{r3-r11, pc}" : : "i"(SYS_WAIT));
}
