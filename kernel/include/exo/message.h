// Message end points: where an application's messages arrive, and what happens when one does (Wallach, Engler and
// Kaashoek, SIGCOMM '96). A message is a frame from the network, or what another environment has sent; end points are
// numbered, and the first who opens one owns it.
//
// *A handler* is a program (exo/bpf.h) that the application has attached. It is run when a message arrives, in the
// kernel, whoever runs then: with r1 and r2 the end point's memory (pages of the application's, seen by both), r3 the
// message's bytes. The message itself it does not see: it says where bytes of it are to go (*message vectoring*), so
// that none is copied twice, and sends messages of its own (*control initiation*), by helpers:
//
//	HELPER_VECTOR (to, from, bytes, how)   copy the message's bytes from `from` on to the address `to`, as they are or
//	                                       through the end point's pipes, all in one loop (exo/pipe.h)
//	HELPER_SEND (address, bytes, where)    send those bytes, as they are when the handler is done: to the network,
//	                                       or to the end point of that number
//	HELPER_TIME ()                         the counter, its low half
//
// If it ends with r0 = MESSAGE_TAKEN the message is dealt with, and what it has sent goes out. If it ends with anything
// else, or is stopped, then nothing has happened but what is in the memory: what it has sent is forgotten, and the
// message goes the other way, whole.
//
// *The other way*, and the only one without a handler: into the next slot of the end point's ring, where the
// application finds it. If the application runs just then, and has asked for it, it is told at once by an upcall; if it
// waits for it (exo/predicate.h) it wakes up. Where the ring is full, or there is none, the message is lost, and counted.
//
// Until lab 7 comes, a frame says by itself which end point it is for: it is of type ETHERTYPE_EXOLAB, and the next two
// bytes are the number, most significant byte first. The message is all of the frame.
#pragma once

#include <exo/bpf.h>

#define ENDPOINT_COUNT   32
#define ENDPOINT_PAGES   16		// of memory at most
#define ENDPOINT_SENDS   4		// by one run of a handler
#define ETHERTYPE_EXOLAB 0x88b5		// for local experiments (IEEE 802, clause 9.2.4)

#define MESSAGE_MAX   1514		// bytes
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
	struct bpf_refused refused;	// written if it is
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

// Wakeup predicates (exo/predicate.h).
#define PREDICATE_FUEL  64
#define PREDICATE_PAGES 4		// of memory at most

// What SYS_PREDICATE is told. Installed instead of the one before; count 0: none any more.
struct predicate_install {
	uint32_t memory, pages;		// page-aligned, the application's to read
	uint32_t program, count;	// instructions
	uint32_t argument;		// r3
	struct bpf_refused refused;	// written if it is
};
