// Virtio devices behind the memory-mapped transport: registers, and the queues that a driver and a device share, as
// the OASIS Virtual I/O Device (VIRTIO) Version 1.2 specification has them; numbers in parentheses are its sections.
// All is little-endian. Every virtio driver of the kernel includes this.
#pragma once

#include <exo/types.h>

// Registers (4.2.2, table 4.1: MagicValue is VIRTIO_MAGIC_VALUE, and so on), of 32 bits, in bytes from a transport's
// base. An address takes two, Low and High; those that concern a queue are of the one that QueueSel names.
#define VIRTIO_MAGIC_VALUE         0x000
#define VIRTIO_VERSION             0x004	// 2; 1 is the legacy interface
#define VIRTIO_DEVICE_ID           0x008	// (5); 0: nothing is behind this transport
#define VIRTIO_DEVICE_FEATURES     0x010	// 32 of the device's features, the word that the next register selects
#define VIRTIO_DEVICE_FEATURES_SEL 0x014
#define VIRTIO_DRIVER_FEATURES     0x020	// and of those that the driver takes
#define VIRTIO_DRIVER_FEATURES_SEL 0x024
#define VIRTIO_QUEUE_SEL           0x030
#define VIRTIO_QUEUE_NUM_MAX       0x034	// the longest a queue may be, in entries; 0: there is no such queue
#define VIRTIO_QUEUE_NUM           0x038
#define VIRTIO_QUEUE_READY         0x044
#define VIRTIO_QUEUE_NOTIFY        0x050	// write a queue's number: there are new buffers in it
#define VIRTIO_INTERRUPT_STATUS    0x060
#define VIRTIO_INTERRUPT_ACK       0x064
#define VIRTIO_STATUS              0x070	// 0 resets the device
#define VIRTIO_QUEUE_DESC_LOW      0x080
#define VIRTIO_QUEUE_DESC_HIGH     0x084
#define VIRTIO_QUEUE_DRIVER_LOW    0x090
#define VIRTIO_QUEUE_DRIVER_HIGH   0x094
#define VIRTIO_QUEUE_DEVICE_LOW    0x0a0
#define VIRTIO_QUEUE_DEVICE_HIGH   0x0a4
#define VIRTIO_CONFIG              0x100	// the device's own, each field accessed by its own size

#define VIRTIO_MAGIC 0x74726976			// "virt"
#define VIRTIO_ID_NET 1				// (5.1.1)

// Status (2.1).
#define VIRTIO_STATUS_ACKNOWLEDGE        (1 << 0)
#define VIRTIO_STATUS_DRIVER             (1 << 1)
#define VIRTIO_STATUS_DRIVER_OK          (1 << 2)
#define VIRTIO_STATUS_FEATURES_OK        (1 << 3)
#define VIRTIO_STATUS_DEVICE_NEEDS_RESET (1 << 6)
#define VIRTIO_STATUS_FAILED             (1 << 7)

// Features, by their bits (5.1.3, 6).
#define VIRTIO_NET_F_MAC    5			// the device has an address of its own
#define VIRTIO_F_VERSION_1  32			// it keeps to this specification

// A split virtqueue (2.7). The driver describes buffers in the table, and puts the number of a description into the
// available ring; the device hands it back in the used ring. Indices count on without end, modulo 2^16.
#define VIRTQ_SIZE 32				// entries of each of our queues: a power of two

#define VIRTQ_DESC_F_WRITE     (1 << 1)		// the device writes there; else it reads
#define VIRTQ_USED_F_NO_NOTIFY (1 << 0)		// the device need not be told of new buffers now (2.7.10)

struct virtq_desc {				// (2.7.5)
	uint64_t addr;				// physical
	uint32_t len;				// bytes
	uint16_t flags;
	uint16_t next;				// of a chain: we have none
};

struct virtq_avail {				// (2.7.6)
	uint16_t flags;
	uint16_t idx;				// where the next entry will be
	uint16_t ring[VIRTQ_SIZE];
};

struct virtq_used_elem {			// (2.7.8)
	uint32_t id;				// of the description
	uint32_t len;				// bytes that the device has written
};

struct virtq_used {
	uint16_t flags;
	uint16_t idx;
	struct virtq_used_elem ring[VIRTQ_SIZE];
};

struct virtq {
	struct virtq_desc desc[VIRTQ_SIZE] __attribute__((aligned(16)));
	struct virtq_avail avail;		// 2-byte aligned
	volatile struct virtq_used used __attribute__((aligned(4)));
	uint16_t seen;				// the driver's own: entries of the used ring that it has taken
};

// What stands before each frame, both ways (5.1.6). All zero in what we send; of what is received it says nothing, as
// we negotiate nothing.
struct virtio_net_hdr {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};

_Static_assert(sizeof(struct virtq_desc) == 16 && sizeof(struct virtq_used_elem) == 8 &&
    sizeof(struct virtio_net_hdr) == 12, "the device counts on it");
