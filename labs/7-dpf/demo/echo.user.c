// UDP's echo service (RFC 862), port 7, in the kernel: where source and destination only change places, no checksum
// changes, so a handler can do it that knows no arithmetic. The application sleeps all the while.

#include "service.h"

uint8_t memory[sizeof memory] __attribute__((aligned(4096)));

static const struct dpf_filter filter = { 2, 6, { FILTER_UDP(OURS, 7) } };

// The frame goes to byte 2 of the memory: its IP header is at 16, the addresses in it at 28 and 32.
#define FRAME 2
#define IP    16

static const struct bpf_insn handler[] = {
	BPF_MOV32_REG(6, 1),
	BPF_MOV32_REG(7, 3),
	BPF_ALU32_IMM(BPF_ADD, 1, FRAME),
	BPF_MOV32_IMM(2, 0),
	BPF_MOV32_IMM(4, VECTOR_COPY),
	BPF_EMIT_CALL(HELPER_VECTOR),
	BPF_LDX_MEM(BPF_W, 0, 6, FRAME + 6),			// to whoever sent it; the source is the kernel's to write
	BPF_STX_MEM(BPF_W, 6, 0, FRAME),
	BPF_LDX_MEM(BPF_H, 0, 6, FRAME + 10),
	BPF_STX_MEM(BPF_H, 6, 0, FRAME + 4),
	BPF_LDX_MEM(BPF_W, 0, 6, IP + 12),
	BPF_LDX_MEM(BPF_W, 4, 6, IP + 16),
	BPF_STX_MEM(BPF_W, 6, 4, IP + 12),
	BPF_STX_MEM(BPF_W, 6, 0, IP + 16),
	BPF_LDX_MEM(BPF_B, 5, 6, IP),				// the header's words
	BPF_ALU32_IMM(BPF_AND, 5, 15),
	BPF_ALU32_IMM(BPF_LSH, 5, 2),
	BPF_ALU32_REG(BPF_ADD, 5, 6),
	BPF_LDX_MEM(BPF_H, 0, 5, IP),
	BPF_LDX_MEM(BPF_H, 4, 5, IP + 2),
	BPF_STX_MEM(BPF_H, 5, 4, IP),
	BPF_STX_MEM(BPF_H, 5, 0, IP + 2),
	BPF_MOV32_REG(1, 6),
	BPF_ALU32_IMM(BPF_ADD, 1, FRAME),
	BPF_MOV32_REG(2, 7),
	BPF_MOV32_IMM(3, SEND_NETWORK),
	BPF_EMIT_CALL(HELPER_SEND),
	BPF_MOV32_IMM(0, MESSAGE_TAKEN),
	BPF_EXIT_INSN(),
};

int
main(void)
{
	struct service s;

	if (libos_init() < 0 || service_open(&s, 2, handler, sizeof handler / sizeof *handler) < 0 ||
	    filter_insert(&filter, NULL) < 0)
		return 1;
	printf("echo: UDP port 7, by a handler\n");
	for (;;) {
		service_next(&s);				// what it did not take: nothing that we know
		message_done(&s.ring);
	}
}
