// The driver of a virtio network device (exo/net.h, exo/virtio.h): the first there is behind any of the board's
// transports. It has a queue for each direction, and for each entry of a queue a buffer of its own: entry i describes
// buffer i for ever. A buffer to receive into is the device's but while its frame is handed over; one to send from is
// the driver's but while it is on its way.
//
// Rings and buffers are normal memory, which the device sees as the processor does, in the order that dmb() makes.

#include <exo/arm.h>
#include <exo/board.h>
#include <exo/error.h>
#include <exo/gic.h>
#include <exo/net.h>
#include <exo/register.h>
#include <exo/string.h>
#include <exo/virtio.h>

// The device's numbers of its queues (5.1.2).
enum { RECEIVE, TRANSMIT, QUEUES };

struct buffer {
	uint16_t unused;		// puts the frame at 2 modulo 4
	struct virtio_net_hdr header;
	uint8_t frame[NET_FRAME_MAX];
} __attribute__((aligned(4)));

_Static_assert(offsetof(struct buffer, frame) % 4 == 2, "what follows the header is aligned");

uint8_t net_mac[6];
struct net_counters net_counters;

static physaddr_t device;		// its transport; 0: there is none
static net_receiver *receiver;
static struct virtq queues[QUEUES];
static struct buffer buffers[QUEUES][VIRTQ_SIZE] __attribute__((section(".far")));
static uint16_t idle[VIRTQ_SIZE], idle_count;	// buffers to send from that are not on their way

static volatile uint32_t *
reg(uint32_t offset)
{
	return mmio(device + offset);
}

// The buffer of that number is the device's from now on (2.7.13).
static void
give(struct virtq *q, uint16_t id)
{
	q->avail.ring[q->avail.idx % VIRTQ_SIZE] = id;
	dmb();				// the entry, and all that it stands for, before the index
	q->avail.idx++;
}

// Tell the device of what it was given, unless it looks by itself (2.7.13.4).
static void
notify(unsigned number)
{
	dmb();				// the index, before its word whether it looks
	if ((queues[number].used.flags & VIRTQ_USED_F_NO_NOTIFY) == 0)
		*reg(VIRTIO_QUEUE_NOTIFY) = number;
}

// Take back the next buffer that the device has done with (2.7.14); false: there is none.
static bool
take(struct virtq *q, struct virtq_used_elem *e)
{
	if (q->seen == q->used.idx)
		return false;
	dmb();				// the index, before the entry and what is in the buffer
	*e = q->used.ring[q->seen++ % VIRTQ_SIZE];
	return true;
}

static void
hand_over(uint8_t *frame, uint32_t size)
{
	if (receiver == NULL || size < NET_HEADER || size > NET_FRAME_MAX) {
		net_counters.dropped++;
		return;
	}
	net_counters.received++;
	receiver(frame, size);
}

// The buffers that the device has sent are the driver's again.
static void
collect(void)
{
	struct virtq_used_elem e;

	while (take(&queues[TRANSMIT], &e))
		if (e.id < VIRTQ_SIZE && idle_count < VIRTQ_SIZE)
			idle[idle_count++] = e.id;
}

void
net_poll(void)
{
	struct virtq_used_elem e;
	bool taken = false;

	if (device == 0)
		return;
	while (take(&queues[RECEIVE], &e)) {
		if (e.id >= VIRTQ_SIZE)
			continue;
		hand_over(buffers[RECEIVE][e.id].frame, e.len - sizeof(struct virtio_net_hdr));
		give(&queues[RECEIVE], e.id);
		taken = true;
	}
	if (taken)
		notify(RECEIVE);
}

int
net_send(const void *frame, uint32_t size)
{
	uint32_t padded = size < NET_FRAME_MIN ? NET_FRAME_MIN : size;
	struct buffer *b;
	uint16_t id;

	if (size < NET_HEADER || size > NET_FRAME_MAX)
		return -E_INVAL;
	if (device == 0)
		return -E_NOENT;
	collect();
	if (idle_count == 0)
		return -E_NOMEM;
	id = idle[--idle_count];
	b = &buffers[TRANSMIT][id];
	memcpy(b->frame, frame, size);
	memcpy(b->frame + sizeof net_mac, net_mac, sizeof net_mac);	// the source comes behind the destination
	memset(b->frame + size, 0, padded - size);
	queues[TRANSMIT].desc[id].len = sizeof b->header + padded;
	give(&queues[TRANSMIT], id);
	notify(TRANSMIT);
	net_counters.sent++;
	return 0;
}

int
net_deliver(const void *frame, uint32_t size)
{
	static struct buffer b;

	if (size < NET_HEADER || size > NET_FRAME_MAX)
		return -E_INVAL;
	memcpy(b.frame, frame, size);
	hand_over(b.frame, size);
	return 0;
}

void
net_on_frame(net_receiver *receive)
{
	receiver = receive;
}

static void
interrupt(unsigned irq, void *arg)
{
	(void)irq, (void)arg;
	*reg(VIRTIO_INTERRUPT_ACK) = *reg(VIRTIO_INTERRUPT_STATUS);
	dmb();				// before the rings are looked at: what comes now interrupts anew
	net_poll();
}

// Which of the board's transports has a network device; BOARD_VIRTIO_COUNT: none.
static unsigned
find(void)
{
	for (unsigned i = 0; i < BOARD_VIRTIO_COUNT; i++) {
		physaddr_t at = BOARD_VIRTIO_PA + i * BOARD_VIRTIO_STRIDE;

		if (*mmio(at + VIRTIO_MAGIC_VALUE) == VIRTIO_MAGIC && *mmio(at + VIRTIO_VERSION) == 2 &&
		    *mmio(at + VIRTIO_DEVICE_ID) == VIRTIO_ID_NET)
			return i;
	}
	return BOARD_VIRTIO_COUNT;
}

// Take those of the features of bits 32 word to 32 word + 31, all of which the device has to have.
static bool
negotiate(unsigned word, uint32_t wanted)
{
	*reg(VIRTIO_DEVICE_FEATURES_SEL) = word;
	if ((*reg(VIRTIO_DEVICE_FEATURES) & wanted) != wanted)
		return false;
	*reg(VIRTIO_DRIVER_FEATURES_SEL) = word;
	*reg(VIRTIO_DRIVER_FEATURES) = wanted;
	return true;
}

// Describe a queue's buffers to the device, and the queue (4.2.3.2).
static bool
set_up(unsigned number)
{
	struct virtq *q = &queues[number];

	*reg(VIRTIO_QUEUE_SEL) = number;
	if (*reg(VIRTIO_QUEUE_READY) != 0 || *reg(VIRTIO_QUEUE_NUM_MAX) < VIRTQ_SIZE)
		return false;
	for (unsigned i = 0; i < VIRTQ_SIZE; i++) {
		struct buffer *b = &buffers[number][i];

		b->header = (struct virtio_net_hdr){ 0 };
		q->desc[i] = (struct virtq_desc){ .addr = v2p(&b->header), .len = sizeof b->header + sizeof b->frame,
			.flags = number == RECEIVE ? VIRTQ_DESC_F_WRITE : 0 };
	}
	*reg(VIRTIO_QUEUE_NUM) = VIRTQ_SIZE;
	*reg(VIRTIO_QUEUE_DESC_LOW) = v2p(q->desc);
	*reg(VIRTIO_QUEUE_DESC_HIGH) = 0;
	*reg(VIRTIO_QUEUE_DRIVER_LOW) = v2p(&q->avail);
	*reg(VIRTIO_QUEUE_DRIVER_HIGH) = 0;
	*reg(VIRTIO_QUEUE_DEVICE_LOW) = v2p((void *)&q->used);
	*reg(VIRTIO_QUEUE_DEVICE_HIGH) = 0;
	dmb();				// the queue, before the device may look at it
	*reg(VIRTIO_QUEUE_READY) = 1;
	return true;
}

// The device, from reset to where it works (3.1.1).
static bool
start(void)
{
	uint32_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;

	*reg(VIRTIO_STATUS) = 0;
	if (*reg(VIRTIO_STATUS) != 0)
		return false;
	*reg(VIRTIO_STATUS) = VIRTIO_STATUS_ACKNOWLEDGE;
	*reg(VIRTIO_STATUS) = status;
	if (!negotiate(0, 1u << VIRTIO_NET_F_MAC) || !negotiate(1, 1u << (VIRTIO_F_VERSION_1 - 32)))
		return false;
	status |= VIRTIO_STATUS_FEATURES_OK;
	*reg(VIRTIO_STATUS) = status;
	if ((*reg(VIRTIO_STATUS) & VIRTIO_STATUS_FEATURES_OK) == 0)
		return false;
	for (unsigned i = 0; i < sizeof net_mac; i++)	// (5.1.4)
		net_mac[i] = ((volatile uint8_t *)reg(VIRTIO_CONFIG))[i];
	if (!set_up(RECEIVE) || !set_up(TRANSMIT))
		return false;
	*reg(VIRTIO_STATUS) = status | VIRTIO_STATUS_DRIVER_OK;
	return true;
}

int
net_init(void)
{
	unsigned number = find(), irq = BOARD_VIRTIO_IRQ + number;

	if (number == BOARD_VIRTIO_COUNT)
		return -E_NOENT;
	if (irq_register(irq, interrupt, NULL) < 0)
		return -E_EXISTS;
	device = BOARD_VIRTIO_PA + number * BOARD_VIRTIO_STRIDE;
	if (!start()) {
		*reg(VIRTIO_STATUS) = VIRTIO_STATUS_FAILED;
		device = 0;
		memset(net_mac, 0, sizeof net_mac);
		return -E_IO;
	}
	for (unsigned i = 0; i < VIRTQ_SIZE; i++) {
		idle[i] = i;
		give(&queues[RECEIVE], i);
	}
	idle_count = VIRTQ_SIZE;
	notify(RECEIVE);
	gic_enable(irq);
	return 0;
}
