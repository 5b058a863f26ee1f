// The compiler (exo/jit.h): for each BPF instruction the A32 instructions that do the same.

#include <exo/jit.h>
#include <exo/todo.h>

// BEGIN SOLUTION 6.4
// Where BPF's register is: itself, or for r10 a copy in the scratch register.
static unsigned
reg(struct jit *j, unsigned r)
{
	if (r < 10)
		return r;
	jit_emit(j, a32_dp_imm(ADD, false, JIT_SCRATCH, A32_SP, a32_imm(BPF_STACK)));
	return JIT_SCRATCH;
}

// The second operand in a register.
static unsigned
operand(struct jit *j, const struct bpf_insn *i)
{
	if (i->opcode & BPF_X)
		return reg(j, bpf_src(i));
	jit_constant(j, JIT_SCRATCH, i->imm);
	return JIT_SCRATCH;
}

// op dst, dst, operand; by a constant in the instruction if it or what `other` wants (its negative, its complement) can be said there.
static void
compute(struct jit *j, const struct bpf_insn *i, enum a32_op op, enum a32_op other, uint32_t others)
{
	unsigned dst = bpf_dst(i);

	if (!(i->opcode & BPF_X) && a32_imm(i->imm) != ~0u)
		jit_emit(j, a32_dp_imm(op, false, dst, dst, a32_imm(i->imm)));
	else if (!(i->opcode & BPF_X) && other != op && a32_imm(others) != ~0u)
		jit_emit(j, a32_dp_imm(other, false, dst, dst, a32_imm(others)));
	else
		jit_emit(j, a32_dp_reg(op, false, dst, dst, operand(j, i)));
}

static void
shift(struct jit *j, const struct bpf_insn *i, enum a32_shift type)
{
	unsigned dst = bpf_dst(i);

	if (i->opcode & BPF_X) {
		jit_emit(j, a32_dp_imm(AND, false, JIT_SCRATCH, reg(j, bpf_src(i)), 31));
		jit_emit(j, a32_shift_reg(type, dst, dst, JIT_SCRATCH));
	} else if ((i->imm & 31) != 0) {
		jit_emit(j, a32_shift_imm(type, dst, dst, i->imm & 31));
	}
}

static void
move(struct jit *j, const struct bpf_insn *i)
{
	unsigned dst = bpf_dst(i);

	if (!(i->opcode & BPF_X))
		jit_constant(j, dst, i->imm);
	else if (i->offset != 0)
		jit_emit(j, a32_extend(true, i->offset, dst, reg(j, bpf_src(i))));
	else if (bpf_src(i) == 10)
		jit_emit(j, a32_dp_imm(ADD, false, dst, A32_SP, a32_imm(BPF_STACK)));
	else
		jit_emit(j, a32_dp_reg(MOV, false, dst, 0, bpf_src(i)));
}

static void
swap(struct jit *j, const struct bpf_insn *i)
{
	bool little = BPF_CLASS(i->opcode) == BPF_ALU && !(i->opcode & BPF_X);
	unsigned dst = bpf_dst(i);

	if (!little)
		jit_emit(j, a32_rev(i->imm, dst, dst));
	if (i->imm == 16)
		jit_emit(j, a32_extend(false, 16, dst, dst));
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
		jit_emit(j, a32_mul(dst, dst, operand(j, i)));
		break;
	case BPF_DIV:
	case BPF_MOD:
		jit_divide(j, i);
		break;
	case BPF_NEG:
		jit_emit(j, a32_dp_imm(RSB, false, dst, dst, 0));
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
	default:
		swap(j, i);
	}
}

// An access relative to sp: bytes at sp + offset, in the program's own stack.
static void
stack(struct jit *j, bool loads, unsigned bytes, unsigned rt, int32_t offset)
{
	if (bytes != 2 || offset < 256) {
		jit_emit(j, a32_memory(loads, bytes, rt, A32_SP, offset));
	} else if (rt != JIT_SCRATCH) {
		jit_emit(j, a32_dp_imm(ADD, false, JIT_SCRATCH, A32_SP, a32_imm(256)));
		jit_emit(j, a32_memory(loads, bytes, rt, JIT_SCRATCH, offset - 256));
	} else {
		jit_emit(j, a32_memory(false, 1, rt, A32_SP, offset));
		jit_emit(j, a32_shift_imm(LSR, rt, rt, 8));
		jit_emit(j, a32_memory(false, 1, rt, A32_SP, offset + 1));
	}
}

// The scratch register is the address of an access relative to the region, all of which lies in it.
static void
checked(struct jit *j, const struct bpf_insn *i, unsigned base)
{
	unsigned bytes = bpf_bytes(i->opcode);
	int32_t offset = i->offset;

	jit_emit(j, a32_dp_reg(SUB, false, JIT_SCRATCH, base, JIT_REGION));
	for (uint32_t part, left = offset < 0 ? -offset : offset; left != 0; left -= part) {
		part = left & 0xff << (__builtin_ctz(left) & ~1);
		jit_emit(j, a32_dp_imm(offset < 0 ? SUB : ADD, false, JIT_SCRATCH, JIT_SCRATCH, a32_imm(part)));
	}
	jit_emit(j, a32_dp_reg(CMP, true, 0, JIT_SCRATCH, JIT_LIMIT));
	jit_branch(j, CS, bytes == 4 ? j->fault : jit_tail(j, j->words + 1, bytes));
}

static void
memory(struct jit *j, const struct bpf_insn *i)
{
	bool loads = BPF_CLASS(i->opcode) == BPF_LDX;
	unsigned bytes = bpf_bytes(i->opcode), base = loads ? bpf_src(i) : bpf_dst(i), rt = loads ? bpf_dst(i) : bpf_src(i);
	bool constant = BPF_CLASS(i->opcode) == BPF_ST, odd = constant || rt == 10;	// what is stored is in no register of its own

	if (base == 10) {
		if (constant)
			jit_constant(j, rt = JIT_SCRATCH, i->imm);
		else
			rt = reg(j, rt);
		stack(j, loads, bytes, rt, BPF_STACK + i->offset);
		return;
	}
	checked(j, i, base);
	if (odd) {
		jit_emit(j, a32_memory(false, 4, JIT_FUEL, A32_SP, JIT_SPILL));
		if (constant)
			jit_constant(j, JIT_FUEL, i->imm);
		else
			jit_emit(j, a32_dp_imm(ADD, false, JIT_FUEL, A32_SP, a32_imm(BPF_STACK)));
		rt = JIT_FUEL;
	}
	jit_emit(j, a32_memory_reg(loads, bytes, rt, JIT_REGION, JIT_SCRATCH));
	if (odd)
		jit_emit(j, a32_memory(true, 4, JIT_FUEL, A32_SP, JIT_SPILL));
}

// CMP dst, operand; or TST.
static void
compare(struct jit *j, const struct bpf_insn *i, enum a32_op op)
{
	unsigned a = bpf_dst(i);

	if (!(i->opcode & BPF_X) && a32_imm(i->imm) != ~0u) {
		jit_emit(j, a32_dp_imm(op, true, 0, reg(j, a), a32_imm(i->imm)));
	} else if (a < 10) {
		jit_emit(j, a32_dp_reg(op, true, 0, a, operand(j, i)));
	} else if (i->opcode & BPF_X) {
		jit_emit(j, a32_dp_reg(op, true, 0, reg(j, a), bpf_src(i) == 10 ? JIT_SCRATCH : bpf_src(i)));
	} else {
		jit_emit(j, a32_memory(false, 4, JIT_FUEL, A32_SP, JIT_SPILL));
		jit_constant(j, JIT_FUEL, i->imm);
		jit_emit(j, a32_dp_reg(op, true, 0, reg(j, a), JIT_FUEL));
		jit_emit(j, a32_memory(true, 4, JIT_FUEL, A32_SP, JIT_SPILL));
	}
}

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
	default:			// BPF_JSLE
		return LE;
	}
}

static void
jump(struct jit *j, const struct bpf_insn *i, uint32_t number)
{
	uint8_t op = BPF_OP(i->opcode);
	int32_t distance = i->opcode == (BPF_JMP32 | BPF_JA) ? i->imm : i->offset;
	uint32_t to = j->at[number + 1 + distance];
	enum a32_cond cond = AL;

	if (op != BPF_JA) {
		compare(j, i, op == BPF_JSET ? TST : CMP);
		cond = condition(op);
	}
	if (distance >= 0) {
		jit_branch(j, cond, to);
		return;
	}
	if (cond != AL)
		jit_branch(j, cond ^ 1, j->words + 4);		// the opposite is one bit away (A8.3)
	jit_emit(j, a32_dp_imm(SUB, true, JIT_FUEL, JIT_FUEL, 1));
	jit_branch(j, CS, to);
	jit_branch(j, AL, j->no_fuel);
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
// INSTEAD
//| void
//| jit_instruction(struct jit *j, uint32_t number)
//| {
//| 	// TODO 6.4: what this instruction does, in A32.
//| 	(void)j, (void)number;
//| 	todo("6.4");
//| }
// END SOLUTION
