// What a machine answers for itself: who has our address (ARP), and whether we are there (ping).

#include "service.h"

uint8_t memory[sizeof memory] __attribute__((aligned(4096)));

static const struct dpf_filter filters[] = {
	{ 1, 3, { FILTER_ATOM(12, 16, 0xffff, ETHERTYPE_ARP), FILTER_ATOM(20, 16, 0xffff, 1),
		FILTER_ATOM(38, 32, 0xffffffff, OURS) } },
	{ 1, 4, { FILTER_ATOM(12, 16, 0xffff, ETHERTYPE_IP), FILTER_ATOM(20, 16, 0x1fff, 0),
		FILTER_ATOM(23, 8, 0xff, IP_PROTOCOL_ICMP), FILTER_ATOM(30, 32, 0xffffffff, OURS) } },
};

int
main(void)
{
	struct service s;
	struct net_info net;

	if (libos_init() < 0 || service_open(&s, 1, NULL, 0) < 0 || filter_insert(&filters[0], NULL) < 0 ||
	    filter_insert(&filters[1], NULL) < 0)
		return 1;
	net_info(&net);
	printf("host: %02x:%02x:%02x:%02x:%02x:%02x is 10.0.2.15\n", net.mac[0], net.mac[1], net.mac[2], net.mac[3], net.mac[4],
	    net.mac[5]);
	for (;;) {
		struct message_slot *slot = service_next(&s);
		uint32_t size = arp_answer(slot->bytes, slot->size, net.mac, OURS);

		service_send(slot->bytes, size > 0 ? size : icmp_answer(slot->bytes, slot->size, OURS));
		message_done(&s.ring);
	}
}
