// The application whose number is incremented, in the way that its capability is named after.

#include <exo/bpf_insn.h>
#include <libos/message.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#include "ways.h"

#define PAGES 2

// The end point's memory: what comes is put at 2, so that what follows an Ethernet header is aligned; the ring is its
// second page.
static volatile struct {
	uint8_t frame[SUM];
	uint32_t sum;
	uint8_t rest[PAGES * 4096 - SUM - 4];
} memory __attribute__((aligned(4096)));

// The same as reply(). An address is a word and a halfword, which need not be aligned.
static const struct bpf_insn handler[] = {
	BPF_MOV32_REG(6, 1),
	BPF_JMP32_IMM(BPF_JLT, 3, ASKED, 28),
	BPF_ALU32_IMM(BPF_ADD, 1, 2),
	BPF_MOV32_IMM(2, 0),
	BPF_MOV32_IMM(3, ASKED),
	BPF_MOV32_IMM(4, VECTOR_COPY),
	BPF_EMIT_CALL(HELPER_VECTOR),
	BPF_JMP32_IMM(BPF_JNE, 0, 0, 22),
	BPF_LDX_MEM(BPF_W, 7, 6, 2 + ADDED),
	BPF_BSWAP(7, 32),
	BPF_LDX_MEM(BPF_W, 8, 6, SUM),
	BPF_ALU32_REG(BPF_ADD, 7, 8),
	BPF_STX_MEM(BPF_W, 6, 7, SUM),
	BPF_BSWAP(7, 32),
	BPF_STX_MEM(BPF_W, 6, 7, 2 + ADDED),
	BPF_LDX_MEM(BPF_W, 7, 6, 2),
	BPF_LDX_MEM(BPF_H, 8, 6, 6),
	BPF_LDX_MEM(BPF_W, 9, 6, 8),
	BPF_LDX_MEM(BPF_H, 0, 6, 12),
	BPF_STX_MEM(BPF_W, 6, 9, 2),
	BPF_STX_MEM(BPF_H, 6, 0, 6),
	BPF_STX_MEM(BPF_W, 6, 7, 8),
	BPF_STX_MEM(BPF_H, 6, 8, 12),
	BPF_MOV32_REG(1, 6),
	BPF_ALU32_IMM(BPF_ADD, 1, 2),
	BPF_MOV32_IMM(2, ASKED),
	BPF_MOV32_IMM(3, SEND_NETWORK),
	BPF_EMIT_CALL(HELPER_SEND),
	BPF_ALU32_IMM(BPF_ADD, 0, MESSAGE_TAKEN),
	BPF_EXIT_INSN(),
	BPF_MOV32_IMM(0, 0),
	BPF_EXIT_INSN(),
};

// r1 is the ring, of two slots.
static const struct bpf_insn predicate[] = {
	BPF_LDX_MEM(BPF_W, 0, 1, 0),
	BPF_LDX_MEM(BPF_W, 4, 1, 2048),
	BPF_ALU32_REG(BPF_OR, 0, 4),
	BPF_EXIT_INSN(),
};

static struct endpoint_open service = { .number = SERVICE, .pages = PAGES, .ring = 1, .fuel = 10 };
static struct predicate_install waiting = { .pages = 1, .count = sizeof predicate / sizeof *predicate };
static struct message_ring ring;
static volatile uint32_t replies;

// Answer the message that waits, with the sum, to where it came from.
static void
reply(void)
{
	struct message_slot *slot = message_next(&ring);
	uint32_t *added = (uint32_t *)(slot->bytes + ADDED);
	uint16_t *to = (uint16_t *)slot->bytes, *from = to + 3;

	memory.sum += __builtin_bswap32(*added);
	*added = __builtin_bswap32(memory.sum);
	for (unsigned i = 0; i < 3; i++) {
		uint16_t half = to[i];

		to[i] = from[i];
		from[i] = half;
	}
	message_post(SEND_NETWORK, slot->bytes, ASKED, NULL);
	message_done(&ring);
	replies++;
}

static void
told(uint32_t number)
{
	(void)number;
	reply();
}

// A frame is to come in the middle of the next slice, which is somebody else's, if there is anybody; for an upcall, of
// ours. Who sleeps has given up the rest of its own.
static void
serve(uint8_t way)
{
	uint32_t sum = memory.sum, before = replies;

	yield(0);
	syscall(SYS_ARRIVE, way == UPCALL || way == SUSPENDED ? 50000 : 150000, 0, 0, 0);
	switch (way) {
	case TRUSTED:
	case HANDLER:
		while (memory.sum == sum)
			;
		break;
	case UPCALL:
		while (replies == before)
			;
		break;
	case SCHEDULED:
		while (message_next(&ring) == NULL)
			;
		reply();
		break;
	case SUSPENDED:
		while (message_next(&ring) == NULL)
			predicate_sleep();
		reply();
	}
}

int
main(void)
{
	uint8_t way = SAVE->cap.name[0];

	if (libos_init() < 0)
		return 1;
	memory.frame[0] = memory.rest[4096] = 0;
	service.memory = address(&memory);
	if (way == HANDLER) {
		service.program = address(handler);
		service.count = sizeof handler / sizeof *handler;
	}
	if (way == UPCALL) {
		service.entry = address(message_entry);
		on_message(told);
	}
	if (messages_open(&service) < 0)
		return 2;
	ring = messages_ring(&service);
	waiting.memory = service.memory + 4096;
	waiting.program = address(predicate);
	if (way == SUSPENDED && predicate_put(&waiting) < 0)
		return 3;
	for (unsigned i = 0; i < TIMES; i++)
		serve(way);
	return memory.sum;
}
