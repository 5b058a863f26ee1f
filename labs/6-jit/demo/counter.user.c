// An application that counts, for whoever asks. Its handler does so in the kernel; what that leaves, or is stopped at,
// the application finds in its ring.

#include <exo/string.h>

#include "demo.h"

#define FUEL 1000

// Its memory: what the handler works with, and the ring.
static struct {
	struct request request;		// at 0 and 4
	uint32_t total, answer;		// 8, 12
	uint8_t rest[PAGE_SIZE - 16];
	uint8_t ring[PAGE_SIZE];
} memory __attribute__((aligned(PAGE_SIZE)));

static const struct bpf_insn handler[] = {
	BPF_MOV32_REG(6, 1),
	BPF_JMP32_IMM(BPF_JNE, 3, sizeof(struct request), 24),	// no request: to the end
	BPF_MOV32_IMM(2, 0),					// the message, from its first byte, to memory.request
	BPF_MOV32_IMM(4, VECTOR_COPY),
	BPF_EMIT_CALL(HELPER_VECTOR),
	BPF_LDX_MEM(BPF_W, 8, 6, 0),				// what
	BPF_LDX_MEM(BPF_W, 5, 6, 4),				// value
	BPF_JMP32_IMM(BPF_JEQ, 8, PEEK, 13),
	BPF_JMP32_IMM(BPF_JEQ, 8, SPIN, 14),
	BPF_LDX_MEM(BPF_W, 7, 6, 8),
	BPF_ALU32_REG(BPF_ADD, 7, 5),
	BPF_STX_MEM(BPF_W, 6, 7, 12),				// the answer
	BPF_MOV32_REG(1, 6),
	BPF_ALU32_IMM(BPF_ADD, 1, 12),
	BPF_MOV32_IMM(2, 4),
	BPF_MOV32_IMM(3, ANSWERS),
	BPF_EMIT_CALL(HELPER_SEND),
	BPF_JMP32_IMM(BPF_JNE, 8, ADD, 8),			// sent, and forgotten
	BPF_STX_MEM(BPF_W, 6, 7, 8),				// the total
	BPF_MOV32_IMM(0, MESSAGE_TAKEN),
	BPF_EXIT_INSN(),
	BPF_LDX_MEM(BPF_W, 0, 5, 0),				// PEEK
	BPF_EXIT_INSN(),
	BPF_ALU32_IMM(BPF_SUB, 5, 1),				// SPIN
	BPF_JMP32_IMM(BPF_JNE, 5, 0, -2),
	BPF_JMP_A(0),
	BPF_MOV32_IMM(0, 0),
	BPF_EXIT_INSN(),
};

static struct endpoint_open service = { .number = COUNTER, .pages = 2, .ring = 1, .count = ARRAY_SIZE(handler),
	.fuel = FUEL };

// What has become of the last message's handler, from how it was when we looked before.
static void
tell(const struct request *request)
{
	static struct endpoint_info before;
	struct endpoint_info now;

	messages_info(COUNTER, &now);
	if (request->what == PEEK || request->what == SPIN) {
		if (now.stopped == before.stopped)
			printf("counter: no handler was there to be stopped\n");
		else if (now.end == BPF_FAULT)
			printf("counter: the handler was stopped: there is nothing of ours at our memory + 0x%x\n", now.fault);
		else
			printf("counter: the handler was stopped: its %u units of fuel were used up\n", FUEL);
	}
	before = now;
}

int
main(void)
{
	struct endpoint_info info;
	struct message_ring ring;
	struct request request;

	libos_init();
	touch(&memory);
	touch(memory.ring);
	service.memory = address(&memory);
	service.program = address(handler);
	if (messages_open(&service) < 0 || wait_for(&service) < 0)
		return 1;
	printf("counter: our handler, %u instructions, is accepted, and waits at end point %u\n",
	    (unsigned)ARRAY_SIZE(handler), COUNTER);
	ring = messages_ring(&service);
	do {
		memcpy(&request, wait_on(&ring)->bytes, sizeof request);
		message_done(&ring);
		tell(&request);
		if (request.what == ADD || request.what == LEAVE)
			memory.total += request.value;
		if (request.what != LAST)
			message_post(ANSWERS, &memory.total, sizeof memory.total, &SAVE->cap);
	} while (request.what != LAST);
	messages_info(COUNTER, &info);
	printf("counter: %u messages were taken by the handler, %u came to us, %u were lost; it was stopped %u times\n",
	    info.taken, info.ringed, info.lost, info.stopped);
	return 0;
}
