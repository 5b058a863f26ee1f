// A counter on the network. A frame to end point 3 carries a number to add; its handler sends it back with the sum. Of
// a frame whose number is 0 the handler keeps its hands off: the application finds it in its ring, and sends it back with
// all ones. One with a serial number of all ones ends it.

#include <exo/bpf_insn.h>
#include <exo/string.h>
#include <libos/io.h>
#include <libos/message.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#define PAGES 5

// The frame from byte 2 of the memory on, so that what follows its header is aligned.
#define AT_FRAME   2
#define AT_ADD     (AT_FRAME + 20)
#define AT_SUM     (AT_FRAME + 24)
#define FRAME      28
#define AT_TOTAL   64

static uint8_t memory[PAGES * 4096] __attribute__((aligned(4096)));

static const struct bpf_insn handler[] = {
	BPF_MOV32_REG(6, 1),
	BPF_JMP32_IMM(BPF_JLT, 3, FRAME, 22),
	BPF_ALU32_IMM(BPF_ADD, 1, AT_FRAME),
	BPF_MOV32_IMM(2, 0),
	BPF_MOV32_IMM(3, FRAME),
	BPF_MOV32_IMM(4, VECTOR_COPY),
	BPF_EMIT_CALL(HELPER_VECTOR),
	BPF_LDX_MEM(BPF_W, 7, 6, AT_ADD),
	BPF_JMP32_IMM(BPF_JEQ, 7, 0, 15),
	BPF_LDX_MEM(BPF_W, 0, 6, AT_TOTAL),
	BPF_ALU32_REG(BPF_ADD, 0, 7),
	BPF_STX_MEM(BPF_W, 6, 0, AT_TOTAL),
	BPF_STX_MEM(BPF_W, 6, 0, AT_SUM),
	BPF_LDX_MEM(BPF_W, 0, 6, AT_FRAME + 6),			// to whoever sent it
	BPF_STX_MEM(BPF_W, 6, 0, AT_FRAME),
	BPF_LDX_MEM(BPF_H, 0, 6, AT_FRAME + 10),
	BPF_STX_MEM(BPF_H, 6, 0, AT_FRAME + 4),
	BPF_MOV32_REG(1, 6),
	BPF_ALU32_IMM(BPF_ADD, 1, AT_FRAME),
	BPF_MOV32_IMM(2, FRAME),
	BPF_MOV32_IMM(3, SEND_NETWORK),
	BPF_EMIT_CALL(HELPER_SEND),
	BPF_MOV32_IMM(0, MESSAGE_TAKEN),
	BPF_EXIT_INSN(),
	BPF_MOV32_IMM(0, 0),
	BPF_EXIT_INSN(),
};

// Any slot of the ring holds a message: r1 is the ring, r2 its bytes.
static const struct bpf_insn predicate[] = {
	BPF_ALU32_REG(BPF_ADD, 2, 1),
	BPF_LDX_MEM(BPF_W, 0, 1, 0),
	BPF_JMP32_IMM(BPF_JNE, 0, 0, 2),
	BPF_ALU32_IMM(BPF_ADD, 1, 2048),
	BPF_JMP32_REG(BPF_JLT, 1, 2, -4),
	BPF_EXIT_INSN(),
};

static const uint8_t here[16] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, [12] = ETHERTYPE_EXOLAB >> 8,
	ETHERTYPE_EXOLAB & 0xff };

static struct endpoint_open counter = {
	.number = 3, .pages = PAGES, .ring = 1, .count = sizeof handler / sizeof *handler, .fuel = 10,
};
static struct predicate_install waiting = { .pages = PAGES - 1, .count = sizeof predicate / sizeof *predicate };

// Back to whoever sent it. True: it was the last one.
static bool
answer(uint8_t *frame, uint32_t size)
{
	uint32_t serial;

	memcpy(&serial, frame + 16, sizeof serial);
	memcpy(frame, frame + 6, 6);
	memset(frame + 24, 0xff, 4);
	while (message_post(SEND_NETWORK, frame, size, NULL) < 0)
		yield(0);
	return serial == ~0u;
}

int
main(void)
{
	struct message_ring ring;
	struct message_slot *slot;
	struct net_info info;
	bool over = false;

	if (libos_init() < 0)
		return 1;
	for (uint32_t at = 0; at < sizeof memory; at += 4096)
		((volatile uint8_t *)memory)[at] = 0;
	counter.memory = address(memory);
	counter.program = address(handler);
	waiting.memory = address(memory) + 4096;
	waiting.program = address(predicate);
	if (predicate_put(&waiting) < 0 || messages_open(&counter) < 0 ||
	    message_post(SEND_NETWORK, here, sizeof here, NULL) < 0)
		return 2;
	ring = messages_ring(&counter);
	while (!over) {
		predicate_sleep();
		while (!over && (slot = message_next(&ring)) != NULL) {
			over = answer(slot->bytes, slot->size);
			message_done(&ring);
		}
	}
	net_info(&info);
	printf("server: %u frames, nobody's %u\n", info.received, info.unclaimed);
	return 0;
}
