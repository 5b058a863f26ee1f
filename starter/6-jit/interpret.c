// The interpreter (exo/bpf.h): what each instruction means, one after the other. It is slow, and right: the compiler's
// code has to do the same.

#include <exo/bpf.h>
#include <exo/todo.h>

struct machine {
	uint32_t r[11];
	uint8_t stack[BPF_STACK] __attribute__((aligned(4)));
	struct bpf_context *context;
};

// What END makes of a.
static uint32_t
swap(const struct bpf_insn *i, uint32_t a)
{
	if (BPF_CLASS(i->opcode) == BPF_ALU && !(i->opcode & BPF_X))
		return i->imm == 16 ? (uint16_t)a : a;
	return i->imm == 16 ? __builtin_bswap16(a) : __builtin_bswap32(a);
}

// Whether a jump is taken, whose operands are a and b.
static bool
taken(const struct bpf_insn *i, uint32_t a, uint32_t b)
{
	int32_t sa = a, sb = b;

	switch (BPF_OP(i->opcode)) {
	case BPF_JA:
		return true;
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSET:
		return (a & b) != 0;
	case BPF_JSGT:
		return sa > sb;
	case BPF_JSGE:
		return sa >= sb;
	case BPF_JSLT:
		return sa < sb;
	default:			// BPF_JSLE
		return sa <= sb;
	}
}

// Whether there was a unit of fuel, which is taken.
static bool
burns(struct machine *m)
{
	if (m->context->fuel == 0)
		return false;
	m->context->fuel--;
	return true;
}

// TODO 6.2: as RFC 9669 says, and exo/bpf.h. What an arithmetic instruction but END makes of a and its second
// operand b.
static uint32_t
alu(const struct bpf_insn *i, uint32_t a, uint32_t b)
{
	(void)i, (void)a, (void)b;
	todo("6.2");
	return 0;
}

// Where the bytes of an access through register `base` are; null: nowhere, and the context says which they were.
static uint8_t *
place(struct machine *m, const struct bpf_insn *i, unsigned base)
{
	(void)m, (void)i, (void)base;
	todo("6.2");
	return NULL;
}

enum bpf_end
bpf_interpret(const struct bpf_insn *insns, uint32_t count, struct bpf_context *context, uint32_t *result)
{
	struct machine m = { .context = context };
	const struct bpf_insn *i = insns;

	(void)count;
	m.r[1] = context->memory;
	m.r[2] = context->size;
	m.r[3] = context->argument;
	m.r[10] = (uintptr_t)m.stack + BPF_STACK;
	for (;; i++) {
		uint32_t *dst = &m.r[bpf_dst(i)], b = i->opcode & BPF_X ? m.r[bpf_src(i)] : (uint32_t)i->imm;
		uint8_t class = BPF_CLASS(i->opcode), *at;

		switch (class) {
		case BPF_ALU:
		case BPF_ALU64:
			*dst = BPF_OP(i->opcode) == BPF_END ? swap(i, *dst) : alu(i, *dst, b);
			break;
		case BPF_LDX:
		case BPF_ST:
		case BPF_STX:
			at = place(&m, i, class == BPF_LDX ? bpf_src(i) : bpf_dst(i));
			if (at == NULL)
				return BPF_FAULT;
			if (class == BPF_LDX)
				*dst = bpf_load(at, bpf_bytes(i->opcode));
			else
				bpf_store(at, class == BPF_ST ? (uint32_t)i->imm : m.r[bpf_src(i)], bpf_bytes(i->opcode));
			break;
		default:
			if (i->opcode == (BPF_JMP | BPF_EXIT)) {
				*result = m.r[0];
				return BPF_DONE;
			}
			// TODO 6.2: a call, a jump. Which of them burn fuel, and where to go on?
			(void)b, (void)taken, (void)burns;
			todo("6.2");
		}
	}
}
