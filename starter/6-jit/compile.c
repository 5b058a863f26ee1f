// The compiler (exo/jit.h): for each BPF instruction the A32 instructions that do the same.

#include <exo/jit.h>
#include <exo/todo.h>

static void
alu(struct jit *j, const struct bpf_insn *i)
{
	// TODO 6.4: one word where the constant can be said in it; what jit_ has, let it do.
	(void)j, (void)i;
	todo("6.4");
}

static void
memory(struct jit *j, const struct bpf_insn *i)
{
	// TODO 6.4: its address less the memory's; compared; then the access.
	(void)j, (void)i;
	todo("6.4");
}

// When a branch is taken, after CMP; of BPF_JSET after TST.
static enum a32_cond
condition(uint8_t op)
{
	switch (op) {
	case BPF_JEQ:
		return EQ;
	case BPF_JGT:
		return HI;
	case BPF_JGE:
		return HS;
	case BPF_JSET:
	case BPF_JNE:
		return NE;
	case BPF_JSGT:
		return GT;
	case BPF_JSGE:
		return GE;
	case BPF_JLT:
		return LO;
	case BPF_JLE:
		return LS;
	case BPF_JSLT:
		return LT;
	case BPF_JSLE:
		return LE;
	default:
		return AL;
	}
}

static void
jump(struct jit *j, const struct bpf_insn *i, uint32_t number)
{
	// TODO 6.4: compare; then B under that condition, or B and the fuel that a way back takes.
	(void)j, (void)i, (void)number, (void)condition;
	todo("6.4");
}

void
jit_instruction(struct jit *j, uint32_t number)
{
	const struct bpf_insn *i = &j->insns[number];

	switch (BPF_CLASS(i->opcode)) {
	case BPF_ALU:
	case BPF_ALU64:
		alu(j, i);
		break;
	case BPF_LDX:
	case BPF_ST:
	case BPF_STX:
		memory(j, i);
		break;
	default:
		if (i->opcode == (BPF_JMP | BPF_CALL))
			jit_call(j, i);
		else if (i->opcode != (BPF_JMP | BPF_EXIT))
			jump(j, i, number);
		else if (number + 1 < j->count)
			jit_branch(j, AL, j->exit);
	}
}
