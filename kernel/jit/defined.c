// The verifier's second half (exo/bpf.h): whether anything is read that nothing has written, on any path. A set of what is
// written stands before each instruction: the intersection over the ways that lead to it, found by going round until none of them
// shrinks any more.

#include <exo/bpf.h>
#include <exo/string.h>

#define WORDS (BPF_STACK / 32)

struct written {
	uint32_t stack[WORDS];		// a bit for each byte
	uint16_t registers;		// a bit for each
	bool reached, again;		// there is a way to it; it shrank since it was looked at
};

static struct written before[BPF_INSNS_MAX];

// What an instruction reads and writes.
struct effect {
	uint32_t reads, writes, forgets;	// registers
	int at;					// of the stack: its first byte, counted from the stack's lowest; negative: none
	bool stores;				// that is written, else read
};

static struct effect
effect(const struct bpf_insn *i, const struct bpf_helper *helpers)
{
	uint32_t dst = 1u << bpf_dst(i), src = 1u << bpf_src(i);
	struct effect e = { .at = -1 };
	uint8_t op = BPF_OP(i->opcode);

	switch (BPF_CLASS(i->opcode)) {
	case BPF_ALU:
	case BPF_ALU64:
		e.reads = (op == BPF_MOV ? 0 : dst) | (op != BPF_END && (i->opcode & BPF_X) ? src : 0);
		e.writes = dst;
		break;
	case BPF_LDX:
		e.reads = src;
		e.writes = dst;
		if (bpf_src(i) == 10)
			e.at = BPF_STACK + i->offset;
		break;
	case BPF_ST:
	case BPF_STX:
		e.reads = dst | (BPF_CLASS(i->opcode) == BPF_STX ? src : 0);
		if (bpf_dst(i) == 10)
			e.at = BPF_STACK + i->offset;
		e.stores = true;
		break;
	default:
		if (op == BPF_CALL) {
			e.reads = ((1u << helpers[i->imm].arguments) - 1) << 1;
			e.writes = 1;
			e.forgets = 0x3e;
		} else if (op == BPF_EXIT) {
			e.reads = 1;
		} else if (op != BPF_JA) {
			e.reads = dst | (i->opcode & BPF_X ? src : 0);
		}
	}
	return e;
}

static bool
stack_has(const struct written *w, int at, unsigned bytes)
{
	for (; bytes > 0; bytes--, at++)
		if (!(w->stack[at / 32] >> at % 32 & 1))
			return false;
	return true;
}

// A way leads from an instruction behind which w is written to number n.
static bool
lead(const struct written *w, uint32_t n)
{
	struct written *to = &before[n];
	bool shrank = false;

	if (!to->reached) {
		*to = *w;
		to->reached = to->again = true;
		return true;
	}
	if (to->registers & ~w->registers)
		to->registers &= w->registers, shrank = true;
	for (unsigned i = 0; i < WORDS; i++)
		if (to->stack[i] & ~w->stack[i])
			to->stack[i] &= w->stack[i], shrank = true;
	to->again |= shrank;
	return shrank;
}

enum bpf_error
bpf_defined(const struct bpf_insn *insns, uint32_t count, const struct bpf_helper *helpers, uint32_t *at)
{
	const struct written first = { .registers = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 10 };
	bool again = true;

	for (uint32_t n = 0; n < count; n++)
		before[n].reached = before[n].again = false;
	lead(&first, 0);
	while (again) {
		again = false;
		for (uint32_t n = 0; n < count; n++) {
			const struct bpf_insn *i = &insns[n];
			struct written w = before[n];
			struct effect e;
			uint8_t op = BPF_OP(i->opcode);
			bool jumps = BPF_CLASS(i->opcode) == BPF_JMP || BPF_CLASS(i->opcode) == BPF_JMP32;

			if (!w.again)
				continue;
			before[n].again = false;
			e = effect(i, helpers);
			w.registers = (w.registers & ~e.forgets) | e.writes;
			if (e.stores && e.at >= 0)
				for (int byte = e.at, end = e.at + bpf_bytes(i->opcode); byte < end; byte++)
					w.stack[byte / 32] |= 1u << byte % 32;
			if (i->opcode == (BPF_JMP | BPF_EXIT))
				continue;
			if (jumps && op != BPF_CALL) {
				bool far = i->opcode == (BPF_JMP32 | BPF_JA);
				uint32_t target = n + 1 + (far ? i->imm : i->offset);

				if (lead(&w, target) && target <= n)
					again = true;
				if (op == BPF_JA)
					continue;
			}
			lead(&w, n + 1);
		}
	}
	for (uint32_t n = 0; n < count; n++) {
		struct effect e = effect(&insns[n], helpers);

		*at = n;
		if (before[n].reached && ((e.reads & ~before[n].registers) ||
		    (!e.stores && e.at >= 0 && !stack_has(&before[n], e.at, bpf_bytes(insns[n].opcode)))))
			return BPF_E_UNDEFINED;
	}
	return BPF_OK;
}
