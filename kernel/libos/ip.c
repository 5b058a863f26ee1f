// A server's Ethernet, ARP, IPv4, ICMP and UDP (libos/ip.h).

#include <exo/string.h>
#include <libos/ip.h>

#define HEADER 14			// Ethernet's
#define TYPE   12			// offsets in a frame
#define IP     HEADER

// Offsets in an IP header (RFC 791, section 3.1).
#define IP_LENGTH   2
#define IP_FRAGMENT 6
#define IP_TTL      8
#define IP_PROTOCOL 9
#define IP_CHECKSUM 10
#define IP_SOURCE   12
#define IP_TARGET   16
#define IP_BYTES    20

#define IP_DF 0x4000			// not to be fragmented: the rest of the field tells a fragment

// In an ARP packet for Ethernet and IPv4 (RFC 826).
#define ARP_OPERATION 6
#define ARP_SENDER    8			// its hardware address, then its protocol address
#define ARP_TARGET    18
#define ARP_BYTES     28

#define UDP_LENGTH   4			// (RFC 768)
#define UDP_CHECKSUM 6
#define UDP_BYTES    8

static uint32_t
get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t
get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

static void
put16(uint8_t *p, uint32_t value)
{
	p[0] = value >> 8;
	p[1] = value;
}

static void
put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value);
}

uint32_t
ip_sum(const void *from, uint32_t bytes, uint32_t sum)
{
	const uint8_t *p = from;

	for (; bytes >= 2; bytes -= 2, p += 2)
		sum += get16(p);
	return bytes > 0 ? sum + (p[0] << 8) : sum;
}

uint16_t
ip_fold(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

// To whoever sent it. The source is the kernel's to fill in.
static void
turn_round(uint8_t *frame)
{
	memcpy(frame, frame + 6, 6);
}

uint32_t
arp_answer(uint8_t *frame, uint32_t size, const uint8_t mac[6], uint32_t address)
{
	static const uint8_t request[8] = { 0, 1, ETHERTYPE_IP >> 8, 0, 6, 4, 0, 1 };
	uint8_t *arp = frame + HEADER;

	if (size < HEADER + ARP_BYTES || get16(frame + TYPE) != ETHERTYPE_ARP || memcmp(arp, request, sizeof request) != 0 ||
	    get32(arp + ARP_TARGET + 6) != address)
		return 0;
	put16(arp + ARP_OPERATION, 2);
	memcpy(arp + ARP_TARGET, arp + ARP_SENDER, 10);
	memcpy(arp + ARP_SENDER, mac, 6);
	put32(arp + ARP_SENDER + 6, address);
	turn_round(frame);
	return HEADER + ARP_BYTES;
}

// The bytes behind the IP header, if this is a whole datagram of that protocol for us; 0: it is not. *header is the
// header's bytes.
static uint32_t
ip_in(const uint8_t *frame, uint32_t size, unsigned protocol, uint32_t address, uint32_t *header)
{
	const uint8_t *ip = frame + IP;
	uint32_t length;

	if (size < IP + IP_BYTES || get16(frame + TYPE) != ETHERTYPE_IP)
		return 0;
	*header = (ip[0] & 0xf) * 4;
	length = get16(ip + IP_LENGTH);
	if (ip[0] >> 4 != 4 || *header < IP_BYTES || length < *header || length > size - IP ||
	    (get16(ip + IP_FRAGMENT) & ~IP_DF) != 0 || ip[IP_PROTOCOL] != protocol || get32(ip + IP_TARGET) != address ||
	    ip_fold(ip_sum(ip, *header, 0)) != 0)
		return 0;
	return length - *header;
}

// The header of an answer of so many bytes: nothing of the request but who asked whom.
static void
ip_out(uint8_t *frame, uint32_t header, uint32_t bytes)
{
	uint8_t *ip = frame + IP;
	uint32_t source = get32(ip + IP_SOURCE), target = get32(ip + IP_TARGET);

	put16(ip + IP_LENGTH, header + bytes);
	put16(ip + IP_FRAGMENT, IP_DF);
	ip[IP_TTL] = 64;
	put32(ip + IP_SOURCE, target);
	put32(ip + IP_TARGET, source);
	put16(ip + IP_CHECKSUM, 0);
	put16(ip + IP_CHECKSUM, ip_fold(ip_sum(ip, header, 0)));
	turn_round(frame);
}

uint32_t
icmp_answer(uint8_t *frame, uint32_t size, uint32_t address)
{
	uint32_t header = 0, bytes = ip_in(frame, size, IP_PROTOCOL_ICMP, address, &header);
	uint8_t *icmp = frame + IP + header;

	if (bytes < 8 || icmp[0] != 8 || icmp[1] != 0 || ip_fold(ip_sum(icmp, bytes, 0)) != 0)
		return 0;
	icmp[0] = 0;
	put16(icmp + 2, 0);
	put16(icmp + 2, ip_fold(ip_sum(icmp, bytes, 0)));
	ip_out(frame, header, bytes);
	return IP + header + bytes;
}

// What the checksum covers in front of the datagram (RFC 768).
static uint32_t
pseudo_header(const uint8_t *ip, uint32_t bytes)
{
	return ip_sum(ip + IP_SOURCE, 8, IP_PROTOCOL_UDP + bytes);
}

bool
udp_in(uint8_t *frame, uint32_t size, uint32_t address, struct udp *udp)
{
	uint32_t header = 0, bytes = ip_in(frame, size, IP_PROTOCOL_UDP, address, &header), length;
	uint8_t *at = frame + IP + header;

	if (bytes < UDP_BYTES)
		return false;
	length = get16(at + UDP_LENGTH);
	if (length < UDP_BYTES || length > bytes ||
	    (get16(at + UDP_CHECKSUM) != 0 && ip_fold(ip_sum(at, length, pseudo_header(frame + IP, length))) != 0))
		return false;
	*udp = (struct udp){
		.source = get32(frame + IP + IP_SOURCE),
		.destination = address,
		.source_port = get16(at),
		.destination_port = get16(at + 2),
		.data = at + UDP_BYTES,
		.size = length - UDP_BYTES,
	};
	return true;
}

uint32_t
udp_answer(uint8_t *frame, const struct udp *udp, uint32_t size)
{
	uint8_t *at = frame + IP + IP_BYTES;
	uint32_t bytes = UDP_BYTES + size, sum;

	frame[IP] = 0x45;
	ip_out(frame, IP_BYTES, bytes);
	put16(at, udp->destination_port);
	put16(at + 2, udp->source_port);
	put16(at + UDP_LENGTH, bytes);
	put16(at + UDP_CHECKSUM, 0);
	sum = ip_fold(ip_sum(at, bytes, pseudo_header(frame + IP, bytes)));
	put16(at + UDP_CHECKSUM, sum != 0 ? sum : 0xffff);
	return IP + IP_BYTES + bytes;
}
