// The server: its handler adds and replies in the kernel; what the handler leaves it finds in its ring, for which it
// waits by a predicate.

#include <exo/bpf_insn.h>
#include <libos/io.h>
#include <libos/message.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#include "service.h"

#define PAGES 3

// Its memory: the request as it is copied, the sum; the ring from the second page on.
static struct {
	struct request request;
	uint32_t sum;
	uint8_t rest[4096 * PAGES - 16];
} memory __attribute__((aligned(4096)));

static const struct bpf_insn handler[] = {
	BPF_MOV32_REG(6, 1),
	BPF_JMP32_IMM(BPF_JNE, 3, sizeof(struct request), 16),	// no request: not ours
	BPF_MOV32_IMM(2, 0),
	BPF_MOV32_IMM(3, sizeof(struct request)),
	BPF_MOV32_IMM(4, VECTOR_COPY),
	BPF_EMIT_CALL(HELPER_VECTOR),
	BPF_LDX_MEM(BPF_W, 0, 6, 4),
	BPF_JMP32_IMM(BPF_JEQ, 0, 0, 10),
	BPF_LDX_MEM(BPF_W, 7, 6, 12),
	BPF_ALU32_REG(BPF_ADD, 7, 0),
	BPF_STX_MEM(BPF_W, 6, 7, 12),
	BPF_STX_MEM(BPF_W, 6, 7, 8),
	BPF_MOV32_REG(1, 6),
	BPF_MOV32_IMM(2, sizeof(struct request)),
	BPF_MOV32_IMM(3, REPLIES),
	BPF_EMIT_CALL(HELPER_SEND),
	BPF_ALU32_IMM(BPF_ADD, 0, MESSAGE_TAKEN),		// it returned 0
	BPF_EXIT_INSN(),
	BPF_MOV32_IMM(0, 0),
	BPF_EXIT_INSN(),
};

// Any of the four slots holds a message. r1 is the ring.
static const struct bpf_insn predicate[] = {
	BPF_LDX_MEM(BPF_W, 0, 1, 0),
	BPF_LDX_MEM(BPF_W, 4, 1, 2048),
	BPF_ALU32_REG(BPF_OR, 0, 4),
	BPF_LDX_MEM(BPF_W, 4, 1, 4096),
	BPF_ALU32_REG(BPF_OR, 0, 4),
	BPF_LDX_MEM(BPF_W, 4, 1, 4096 + 2048),
	BPF_ALU32_REG(BPF_OR, 0, 4),
	BPF_EXIT_INSN(),
};

static const struct bpf_insn storing[] = { BPF_MOV32_IMM(0, 1), BPF_STX_MEM(BPF_W, 1, 0, 0), BPF_EXIT_INSN() };

static struct endpoint_open service = {
	.number = SERVICE, .pages = PAGES, .ring = 1, .count = sizeof handler / sizeof *handler, .fuel = 10,
};
static struct predicate_install waiting = { .pages = 2, .count = sizeof predicate / sizeof *predicate };

int
main(void)
{
	struct message_ring ring;
	struct endpoint_info info;
	int32_t error;
	bool stop = false;

	if (libos_init() < 0)
		return 1;
	((volatile uint8_t *)&memory)[0] = ((volatile uint8_t *)&memory)[4096] = ((volatile uint8_t *)&memory)[8192] = 0;
	service.memory = address(&memory);
	service.program = address(handler);
	waiting.memory = address(&memory) + 4096;
	waiting.program = address(predicate);
	printf("server: waits without a predicate: %d\n", (int)predicate_sleep());
	printf("server: open %d, once more %d\n", (int)messages_open(&service), (int)messages_open(&service));
	service.number = 7;
	service.fuel = FUEL_MAX + 1;
	printf("server: too much fuel %d\n", (int)messages_open(&service));
	service.fuel = FUEL_MAX;
	service.count--;
	error = messages_open(&service);
	printf("server: no exit %d, error %u at %u\n", (int)error, service.refused.error, service.refused.at);
	waiting.program = address(storing);
	waiting.count = sizeof storing / sizeof *storing;
	error = predicate_put(&waiting);
	printf("server: a predicate that stores %d, error %u at %u\n", (int)error, waiting.refused.error,
	    waiting.refused.at);
	waiting.program = address(predicate);
	waiting.count = sizeof predicate / sizeof *predicate;
	printf("server: predicate %d\n", (int)predicate_put(&waiting));
	ring = messages_ring(&service);
	while (!stop) {
		struct message_slot *slot;

		predicate_sleep();
		while ((slot = message_next(&ring)) != NULL) {
			if (!stop)
				printf("server: %u bytes in the ring, first is %u\n", slot->size, slot->bytes[0]);
			stop |= slot->size == 1;
			message_done(&ring);
		}
	}
	messages_info(SERVICE, &info);
	printf("server: taken %u, stopped %u, in the ring %s, sum %u\n", info.taken, info.stopped,
	    info.ringed < 2 ? "too few" : "2 or more", memory.sum);
	printf("server: close %d, once more %d\n", (int)messages_close(SERVICE), (int)messages_close(SERVICE));
	return 0;
}
