// The network: Ethernet frames, out and in. Given, in kernel/net/virtio_net.c, the driver of a virtio network device
// (exo/virtio.h).
//
// A frame is its header (two addresses and a type, NET_HEADER bytes) and what follows, without preamble and check
// sequence. The driver places each that it receives at an address of 2 modulo 4, so what follows the header is
// 4-byte aligned.
#pragma once

#include <exo/types.h>

#define NET_HEADER    14	// bytes
#define NET_FRAME_MIN 60	// what is sent is filled up with zeros to as many (IEEE 802.3, 3.2.8)
#define NET_FRAME_MAX 1514

// Find the device, negotiate with it and let it receive. 0; -E_NOENT: the machine has none, and all else here is still
// well defined; -E_IO: it does not do what the specification says; -E_EXISTS: somebody has its interrupt. Once, when
// the MMU and the interrupt controller are on.
int net_init(void);

extern uint8_t net_mac[6];	// the device's address; zeros where there is no device

// From now on each frame received is handed to this function; null, as at first: to nobody. It is called with all
// interrupts masked, and may read and write the `size` bytes at `frame`, NET_HEADER to NET_FRAME_MAX of them, until it
// returns. It may call net_send(); neither of net_poll() and net_deliver().
typedef void net_receiver(uint8_t *frame, uint32_t size);
void net_on_frame(net_receiver *receive);

// What the device's interrupt does: hands over all frames that have come, in order, and gives their buffers back to
// the device.
void net_poll(void);

// Send a copy of the `size` bytes at `frame`, which need no alignment; with net_mac as its source, whatever it says. 0: the device has it; -E_INVAL: size is not from
// NET_HEADER to NET_FRAME_MAX; -E_NOMEM: every buffer is on its way, and an interrupt comes when one is not any more;
// -E_NOENT: there is no device.
int net_send(const void *frame, uint32_t size);

// Hand over a copy of a frame as if it had just been received, with its alignment and its counters; with a device or
// without. -E_INVAL: size is not from NET_HEADER to NET_FRAME_MAX.
int net_deliver(const void *frame, uint32_t size);

struct net_counters {
	uint32_t received;	// frames handed over
	uint32_t dropped;	// and those that were not: nobody wanted any, or their size cannot be
	uint32_t sent;		// that the device was given
};
extern struct net_counters net_counters;
