// The compiler (exo/jit.h): for each BPF instruction the A32 instructions that do the same.

#include <exo/jit.h>
#include <exo/todo.h>

// BEGIN SOLUTION 6.4a
// dst = first op operand: in one word where a constant can be said, or its negative or complement by the other op.
static void
compute(struct jit *j, const struct bpf_insn *i, enum a32_op op, enum a32_op other, uint32_t others)
{
	unsigned dst = bpf_dst(i);
	uint32_t imm = i->opcode & BPF_X ? ~0u : jit_imm(i->imm);

	if (imm == ~0u && !(i->opcode & BPF_X) && other != op) {
		imm = jit_imm(others);
		op = imm == ~0u ? op : other;
	}
	if (imm != ~0u)
		jit_emit(j, a32_dp_imm(op, false, dst, j->first, imm));
	else
		jit_emit(j, a32_dp_reg(op, false, dst, j->first, jit_operand(j, i, JIT_SCRATCH)));
}

// BPF looks at five bits of a count, A32 at eight of a register's and, of a constant, has no zero but for LSL.
static void
shift(struct jit *j, const struct bpf_insn *i, enum a32_shift type)
{
	unsigned dst = bpf_dst(i);

	if (i->opcode & BPF_X) {
		jit_emit(j, a32_dp_imm(AND, false, JIT_SCRATCH, jit_register(j, bpf_src(i), JIT_SCRATCH), 31));
		jit_emit(j, a32_shift_reg(type, dst, j->first, JIT_SCRATCH));
	} else {
		jit_emit(j, a32_shift_imm(type, dst, j->first, i->imm & 31));
	}
}
// INSTEAD
//| // TODO 6.4: dst = first op operand: in one word where a constant can be said there, or its negative or complement
//| // (`others`) by the other op (other == op: there is none). The first operand is in j->first.
//| static void
//| compute(struct jit *j, const struct bpf_insn *i, enum a32_op op, enum a32_op other, uint32_t others)
//| {
//| 	(void)j, (void)i, (void)op, (void)other, (void)others;
//| 	todo("6.4");
//| }
//|
//| // TODO 6.4: dst = first shifted by operand, of which BPF looks at five bits.
//| static void
//| shift(struct jit *j, const struct bpf_insn *i, enum a32_shift type)
//| {
//| 	(void)j, (void)i, (void)type;
//| 	todo("6.4");
//| }
// END SOLUTION

static void
move(struct jit *j, const struct bpf_insn *i)
{
	unsigned dst = bpf_dst(i);

	if (!(i->opcode & BPF_X))
		jit_constant(j, dst, i->imm);
	else if (i->offset != 0)
		jit_emit(j, a32_extend(true, i->offset, dst, jit_register(j, bpf_src(i), JIT_SCRATCH)));
	else
		jit_emit(j, a32_dp_reg(MOV, false, dst, 0, jit_register(j, bpf_src(i), JIT_SCRATCH)));
}

static void
alu(struct jit *j, const struct bpf_insn *i)
{
	unsigned dst = bpf_dst(i);

	switch (BPF_OP(i->opcode)) {
	case BPF_ADD:
		compute(j, i, ADD, SUB, -(uint32_t)i->imm);
		break;
	case BPF_SUB:
		compute(j, i, SUB, ADD, -(uint32_t)i->imm);
		break;
	case BPF_AND:
		compute(j, i, AND, BIC, ~i->imm);
		break;
	case BPF_OR:
		compute(j, i, ORR, ORR, 0);
		break;
	case BPF_XOR:
		compute(j, i, EOR, EOR, 0);
		break;
	case BPF_MUL:
		jit_emit(j, a32_mul(dst, j->first, jit_operand(j, i, JIT_SCRATCH)));
		break;
	case BPF_NEG:
		jit_emit(j, a32_dp_imm(RSB, false, dst, j->first, 0));
		break;
	case BPF_LSH:
		shift(j, i, LSL);
		break;
	case BPF_RSH:
		shift(j, i, LSR);
		break;
	case BPF_ARSH:
		shift(j, i, ASR);
		break;
	case BPF_MOV:
		move(j, i);
		break;
	case BPF_END:
		jit_swap(j, i);
		break;
	default:			// BPF_DIV, BPF_MOD
		jit_divide(j, i);
	}
}

// BEGIN SOLUTION 6.4b
// All of what an access touches has to lie in the memory; where it begins there is in the scratch register then.
static void
memory(struct jit *j, const struct bpf_insn *i)
{
	bool loads = BPF_CLASS(i->opcode) == BPF_LDX;
	unsigned base = loads ? bpf_src(i) : bpf_dst(i), bytes = bpf_bytes(i->opcode), rt;

	if (base == 10) {
		jit_stack(j, i);
		return;
	}
	jit_place(j, base, i->offset);
	jit_emit(j, a32_dp_reg(CMP, true, 0, JIT_SCRATCH, JIT_LIMIT));
	jit_goto(j, CS, jit_outside(j, bytes));
	rt = loads ? bpf_dst(i) : jit_operand(j, i, JIT_FUEL);
	jit_emit(j, a32_memory_reg(loads, bytes, rt, JIT_MEMORY, JIT_SCRATCH));
	jit_release(j, rt);
}
// INSTEAD
//| static void
//| memory(struct jit *j, const struct bpf_insn *i)
//| {
//| 	// TODO 6.4: its place in the memory; compared; then the access.
//| 	(void)j, (void)i;
//| 	todo("6.4");
//| }
// END SOLUTION

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

// BEGIN SOLUTION 6.4c
static void
compare(struct jit *j, const struct bpf_insn *i, enum a32_op op)
{
	unsigned a = jit_register(j, bpf_dst(i), JIT_SCRATCH), b;

	if (!(i->opcode & BPF_X) && jit_imm(i->imm) != ~0u) {
		jit_emit(j, a32_dp_imm(op, true, 0, a, jit_imm(i->imm)));
	} else {
		b = jit_operand(j, i, a == JIT_SCRATCH ? JIT_FUEL : JIT_SCRATCH);
		jit_emit(j, a32_dp_reg(op, true, 0, a, b));
		jit_release(j, b);
	}
}

// A branch back takes a unit of fuel: where it is not taken, that is passed over.
static void
jump(struct jit *j, const struct bpf_insn *i, uint32_t number)
{
	enum a32_cond cond = condition(BPF_OP(i->opcode));
	int32_t distance = bpf_distance(i);
	uint32_t to = number + 1 + distance;

	if (cond != AL)
		compare(j, i, BPF_OP(i->opcode) == BPF_JSET ? TST : CMP);
	if (distance >= 0) {
		jit_goto(j, cond, to);
		return;
	}
	if (cond != AL)
		jit_emit(j, a32_branch(cond ^ 1, 16));		// the opposite is one bit away (A8.3)
	jit_emit(j, a32_dp_imm(SUB, true, JIT_FUEL, JIT_FUEL, 1));
	jit_goto(j, CS, to);
	jit_goto(j, AL, JIT_NO_FUEL);
}
// INSTEAD
//| static void
//| jump(struct jit *j, const struct bpf_insn *i, uint32_t number)
//| {
//| 	// TODO 6.4: compare; then B under that condition, or B and the fuel that a way back takes.
//| 	(void)j, (void)i, (void)number, (void)condition;
//| 	todo("6.4");
//| }
// END SOLUTION

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
			jit_goto(j, AL, JIT_EXIT);
	}
}
