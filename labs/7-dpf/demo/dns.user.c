// A name server (RFC 1035) for a zone of four names, UDP port 53: it answers questions for addresses, says of others
// that there is no such name, or no such record, and of what it does not do that it does not.

#include "service.h"

uint8_t memory[sizeof memory] __attribute__((aligned(4096)));

static const struct dpf_filter filter = { 3, 6, { FILTER_UDP(OURS, 53) } };

// In a message (section 4.1), offsets: identification, flags, four counts, then the question.
#define FLAGS    2
#define COUNTS   4
#define QUESTION 12

#define QR      0x8000
#define AA      0x0400
#define OPCODES 0x7800
#define RD      0x0100
enum { NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED };

#define TYPE_A   1
#define CLASS_IN 1
#define TTL      60			// seconds
#define NAME_MAX 255

static const struct {
	const char *name;
	uint8_t address[4];
} zone[] = {
	{ "exolab.test", { 10, 0, 2, 15 } },
	{ "aegis.exolab.test", { 18, 26, 4, 95 } },
	{ "xok.exolab.test", { 18, 26, 4, 97 } },
	{ "gw.exolab.test", { 10, 0, 2, 2 } },
};
#define APEX "exolab.test"

static uint32_t
get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void
put16(uint8_t *p, uint32_t value)
{
	p[0] = value >> 8;
	p[1] = value;
}

// The question's name as text, lower case, with dots; where what follows it begins. 0: it is none.
static uint32_t
name_of(const uint8_t *query, uint32_t size, char *text)
{
	uint32_t at = QUESTION, out = 0;

	while (at < size && query[at] != 0) {
		uint32_t label = query[at++];

		if (label > 63 || label > size - at || out + label + 1 > NAME_MAX)
			return 0;
		if (out > 0)
			text[out++] = '.';
		for (; label > 0; label--, at++)
			text[out++] = query[at] >= 'A' && query[at] <= 'Z' ? query[at] + 32 : query[at];
	}
	text[out] = '\0';
	return at < size ? at + 1 : 0;
}

static bool
ends_in(const char *text, const char *end)
{
	uint32_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0 && (n == m || text[n - m - 1] == '.');
}

// Turn a query into its answer, in `answer`, where UDP_MAX bytes fit: how many. 0: it is not to be answered.
static uint32_t
answer_to(const uint8_t *query, uint32_t size, uint8_t *answer)
{
	uint32_t flags, end, code = NOERROR, found = 0;
	char name[NAME_MAX + 1] = "";

	if (size < QUESTION || (get16(query + FLAGS) & QR) != 0)
		return 0;
	flags = get16(query + FLAGS);
	end = get16(query + COUNTS) == 1 ? name_of(query, size, name) : 0;
	if (end == 0 || size - end < 4)
		code = FORMERR;
	else if ((flags & OPCODES) != 0)
		code = NOTIMP;
	else if (!ends_in(name, APEX))
		code = REFUSED;
	end = code == FORMERR ? QUESTION : end + 4;
	memcpy(answer, query, end);
	memset(answer + COUNTS, 0, QUESTION - COUNTS);
	put16(answer + COUNTS, code != FORMERR);
	if (code == NOERROR) {
		code = NXDOMAIN;
		for (unsigned i = 0; i < sizeof zone / sizeof *zone; i++) {
			if (strcmp(name, zone[i].name) != 0)
				continue;
			code = NOERROR;
			if (get16(query + end - 4) == TYPE_A && get16(query + end - 2) == CLASS_IN) {
				static const uint8_t record[] = { 0xc0, QUESTION, 0, TYPE_A, 0, CLASS_IN, 0, 0, 0, TTL, 0, 4 };

				memcpy(answer + end, record, sizeof record);		// the name is the question's (4.1.4)
				memcpy(answer + end + sizeof record, zone[i].address, 4);
				found = sizeof record + 4;
			}
		}
	}
	put16(answer + COUNTS + 2, found > 0);
	put16(answer + FLAGS, QR | (flags & (OPCODES | RD)) | (code == NOERROR || code == NXDOMAIN ? AA : 0) | code);
	return end + found;
}

int
main(void)
{
	static uint8_t answer[UDP_MAX];
	struct service s;

	if (libos_init() < 0 || service_open(&s, 3, NULL, 0) < 0 || filter_insert(&filter, NULL) < 0)
		return 1;
	printf("dns: UDP port 53, the zone " APEX "\n");
	for (;;) {
		struct message_slot *slot = service_next(&s);
		uint32_t size;
		struct udp udp;

		if (udp_in(slot->bytes, slot->size, OURS, &udp) && (size = answer_to(udp.data, udp.size, answer)) > 0) {
			uint32_t bytes;

			memcpy(udp_data(slot->bytes), answer, size);
			bytes = udp_answer(slot->bytes, &udp, size);
			service_send(slot->bytes, bytes);
		}
		message_done(&s.ring);
	}
}
