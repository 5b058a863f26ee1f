// A stack of an application's own: Ethernet, ARP, IPv4, ICMP and UDP, as much of them as a server needs that answers
// where it is asked from. Frames are read and answered where they lie, 2 bytes behind a multiple of 4. Nothing is kept:
// whoever is answered is reached by the address that his frame came from (so no ARP of ours), and fragments are not put
// together (RFC 791 leaves that to who needs it).
#pragma once

#include <exo/types.h>

#define ETHERTYPE_IP  0x0800
#define ETHERTYPE_ARP 0x0806

#define IP_PROTOCOL_ICMP 1
#define IP_PROTOCOL_UDP  17

// The Internet checksum (RFC 1071) of that many bytes, on top of a sum begun (0 at first): a sum, to go on with or to
// be folded: what the header's field holds is ip_fold() of it, most significant byte first.
uint32_t ip_sum(const void *from, uint32_t bytes, uint32_t sum);
uint16_t ip_fold(uint32_t sum);

// Answer an ARP request for our address (RFC 826): the frame becomes the reply, of the size returned. 0: it is no
// such request.
uint32_t arp_answer(uint8_t *frame, uint32_t size, const uint8_t mac[6], uint32_t address);

// Answer an ICMP echo request to our address (RFC 792), in the same way.
uint32_t icmp_answer(uint8_t *frame, uint32_t size, uint32_t address);

// A datagram in a frame. Addresses and ports are numbers.
struct udp {
	uint32_t source, destination;		// addresses
	uint16_t source_port, destination_port;
	uint8_t *data;				// in the frame
	uint32_t size;				// of the data; UDP_MAX at most
};

#define UDP_MAX 1472				// bytes of data that a frame takes, without IP options

// Whether the frame is a whole UDP datagram to that address, with right checksums and lengths (RFC 768; RFC 1122,
// 4.1.3).
bool udp_in(uint8_t *frame, uint32_t size, uint32_t address, struct udp *udp);

// Make the frame that udp_in() has read the answer to it, with `size` bytes of data, which lie at udp_data() of it:
// how many bytes of frame. It has no IP options.
uint32_t udp_answer(uint8_t *frame, const struct udp *udp, uint32_t size);
static inline uint8_t *
udp_data(uint8_t *frame)
{
	return frame + 14 + 20 + 8;
}
