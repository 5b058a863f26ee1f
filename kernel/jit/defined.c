// The verifier's second half (exo/bpf.h): whether anything is read that nothing has written, on any path. A set of what
// is written goes along with the instructions, one after the other; it is kept where a jump leads to: the intersection
// over the ways there. That is gone through until none of these shrinks any more. What is found missing once stays so.

#include <exo/bpf.h>
#include <exo/string.h>

struct written {
	uint32_t stack[BPF_STACK / 32];	// a bit for each byte; where `some` says so, else none is written
	uint16_t some;			// a bit for each word of that
	uint16_t registers;		// a bit for each
	bool reached, again;		// there is a way to it; it shrank since it was looked at
};

static struct written before[BPF_INSNS_MAX] __attribute__((section(".far")));	// of targets
static bool target[BPF_INSNS_MAX];

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

static void
stack_write(struct written *w, unsigned at, unsigned bytes)
{
	for (; bytes > 0; bytes--, at++) {
		if (!(w->some >> at / 32 & 1))
			w->stack[at / 32] = 0;
		w->some |= 1u << at / 32;
		w->stack[at / 32] |= 1u << at % 32;
	}
}

static bool
stack_has(const struct written *w, unsigned at, unsigned bytes)
{
	for (; bytes > 0; bytes--, at++)
		if (!(w->some >> at / 32 & 1) || !(w->stack[at / 32] >> at % 32 & 1))
			return false;
	return true;
}

static void
copy(struct written *to, const struct written *from)
{
	to->registers = from->registers;
	to->some = from->some;
	for (uint32_t left = from->some; left != 0; left &= left - 1)
		to->stack[__builtin_ctz(left)] = from->stack[__builtin_ctz(left)];
}

// A way leads from an instruction behind which w is written to number n.
static bool
lead(const struct written *w, uint32_t n)
{
	struct written *to = &before[n];
	bool shrank = to->registers & ~w->registers || to->some & ~w->some;

	if (!to->reached) {
		copy(to, w);
		to->reached = to->again = true;
		return true;
	}
	to->registers &= w->registers;
	to->some &= w->some;
	for (uint32_t left = to->some; left != 0; left &= left - 1) {
		uint32_t *word = &to->stack[__builtin_ctz(left)], other = w->stack[__builtin_ctz(left)];

		shrank |= (*word & ~other) != 0;
		*word &= other;
	}
	to->again |= shrank;
	return shrank;
}

// One round; *missing becomes the first instruction where something is found to be, if it is less. Whether there has to
// be another.
static bool
round(const struct bpf_insn *insns, uint32_t count, const struct bpf_helper *helpers, uint32_t *missing)
{
	struct written w = { .registers = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 10 };
	bool here = true, again = false;		// there is a way here that has not been looked at

	for (uint32_t n = 0; n < count; n++) {
		const struct bpf_insn *i = &insns[n];
		struct effect e;

		if (target[n]) {
			if (here)
				lead(&w, n);
			here = before[n].again;
			before[n].again = false;
			if (here)
				copy(&w, &before[n]);
		}
		if (!here)
			continue;
		e = effect(i, helpers);
		if (((e.reads & ~w.registers) || (!e.stores && e.at >= 0 && !stack_has(&w, e.at, bpf_bytes(i->opcode)))) &&
		    n < *missing)
			*missing = n;
		w.registers = (w.registers & ~e.forgets) | e.writes;
		if (e.stores && e.at >= 0)
			stack_write(&w, e.at, bpf_bytes(i->opcode));
		if (bpf_jumps(i)) {
			uint32_t to = n + 1 + bpf_distance(i);

			again |= lead(&w, to) && to <= n;
			here = BPF_OP(i->opcode) != BPF_JA;
		}
		here &= i->opcode != (BPF_JMP | BPF_EXIT);
	}
	return again;
}

enum bpf_error
bpf_defined(const struct bpf_insn *insns, uint32_t count, const struct bpf_helper *helpers, uint32_t *at)
{
	memset(target, 0, count);
	for (uint32_t n = 0; n < count; n++)
		if (bpf_jumps(&insns[n])) {
			uint32_t to = n + 1 + bpf_distance(&insns[n]);

			target[to] = true;
			before[to].reached = before[to].again = false;
		}
	*at = count;
	while (round(insns, count, helpers, at))
		;
	if (*at < count)
		return BPF_E_UNDEFINED;
	*at = count - 1;
	return BPF_OK;
}
