// The compiler's 64-bit instructions (wide.h). An instruction works on the lower halves as its 32-bit sister does,
// and then on the upper ones, which come from the frame and go back there. The scratch register has one of them;
// where a second is needed, the fuel's is borrowed.

#include "wide.h"

static uint32_t wide;			// a bit for each register whose upper half may be other than zero

// Encoders that only pairs need (DDI 0406C, A8.8.100, A8.8.257, A5.2.2); and any instruction under a condition.
static uint32_t
mla(unsigned rd, unsigned rn, unsigned rm, unsigned ra)
{
	return 0xe0200090 | rd << 16 | ra << 12 | rm << 8 | rn;
}

static uint32_t
umull(unsigned low, unsigned high, unsigned rn, unsigned rm)
{
	return 0xe0800090 | high << 16 | low << 12 | rm << 8 | rn;
}

static uint32_t
shifted_by(enum a32_op op, unsigned rd, unsigned rn, unsigned rm, enum a32_shift shift, unsigned rs)
{
	return a32_dp_reg(op, false, rd, rn, rs << 8 | (uint32_t)shift << 5 | 1 << 4 | rm);
}

static uint32_t
under(enum a32_cond cond, uint32_t word)
{
	return (word & 0x0fffffff) | (uint32_t)cond << 28;
}

// Whether instruction i may leave an upper half in dst that is not zero, where it was zero, and those of all that
// is not in `wide` are. (Of AND, RSH, ARSH, and an unsigned division, dst's own says that it does not.)
static bool
widens(const struct bpf_insn *i)
{
	bool second = i->opcode & BPF_X ? wide >> bpf_src(i) & 1 : i->imm < 0;

	switch (BPF_CLASS(i->opcode)) {
	case BPF_LD:
		return i->opcode == WIDE_LDDW && i[1].imm != 0;
	case BPF_LDX:
		return wide_only(i);
	case BPF_ALU:
	case BPF_ALU64:
		break;
	default:
		return false;
	}
	if (!wide_computes(i))
		return false;
	switch (BPF_OP(i->opcode)) {
	case BPF_AND:
	case BPF_RSH:
	case BPF_ARSH:
		return false;
	case BPF_DIV:
	case BPF_MOD:
		return i->offset == 1;
	case BPF_OR:
	case BPF_XOR:
		return second;
	case BPF_MOV:
		return i->offset != 0 || second;
	default:
		return true;
	}
}

void
wide_find(const struct bpf_insn *insns, uint32_t count)
{
	uint32_t before;

	wide = 0;
	do {
		before = wide;
		for (uint32_t n = 0; n < count; n++)
			if (widens(&insns[n]))
				wide |= 1u << bpf_dst(&insns[n]);
	} while (wide != before);
}

static bool
is_wide(unsigned r)
{
	return wide >> r & 1;
}

// The second operand is a register that may have an upper half.
static bool
second_wide(const struct bpf_insn *i)
{
	uint8_t class = BPF_CLASS(i->opcode);

	return (class == BPF_STX || (class != BPF_ST && (i->opcode & BPF_X))) && is_wide(bpf_src(i));
}

// The second operand is a constant with ones above it.
static bool
second_negative(const struct bpf_insn *i)
{
	uint8_t class = BPF_CLASS(i->opcode);

	return (class == BPF_ST || (class != BPF_STX && !(i->opcode & BPF_X))) && i->imm < 0;
}

// rt = the upper half of r; and dst's upper half = rt, unless it is known to be zero.
static void
get(struct jit *j, unsigned rt, unsigned r)
{
	if (is_wide(r))
		jit_emit(j, a32_memory(true, 4, rt, A32_SP, WIDE_UPPER(r)));
	else
		jit_constant(j, rt, 0);
}

static void
put(struct jit *j, unsigned dst, unsigned rt)
{
	if (is_wide(dst))
		jit_emit(j, a32_memory(false, 4, rt, A32_SP, WIDE_UPPER(dst)));
}

static void
put_constant(struct jit *j, unsigned dst, uint32_t value)
{
	if (!is_wide(dst))
		return;
	jit_constant(j, JIT_SCRATCH, value);
	put(j, dst, JIT_SCRATCH);
}

// rt = the second operand's upper half.
static void
get_second(struct jit *j, const struct bpf_insn *i, unsigned rt)
{
	if (second_wide(i))
		get(j, rt, bpf_src(i));
	else
		jit_constant(j, rt, second_negative(i) ? ~0u : 0);
}

// The fuel's register, until jit_release().
static void
borrow(struct jit *j)
{
	jit_emit(j, a32_memory(false, 4, JIT_FUEL, A32_SP, JIT_SPILL));
}

// ADD and SUB, the upper halves with the carry. A constant below zero is the other one of what it is without its
// sign.
static void
add(struct jit *j, const struct bpf_insn *i, enum a32_op op)
{
	unsigned dst = bpf_dst(i);
	uint32_t value = i->imm, imm;

	if (second_negative(i)) {
		op = op == ADD ? SUB : ADD;
		value = -value;
	}
	if (i->opcode & BPF_X) {
		jit_emit(j, a32_dp_reg(op, true, dst, dst, jit_operand(j, i, JIT_SCRATCH)));
	} else if ((imm = jit_imm(value)) != ~0u) {
		jit_emit(j, a32_dp_imm(op, true, dst, dst, imm));
	} else {
		jit_constant(j, JIT_SCRATCH, value);
		jit_emit(j, a32_dp_reg(op, true, dst, dst, JIT_SCRATCH));
	}
	op = op == ADD ? ADC : SBC;
	get(j, JIT_SCRATCH, dst);
	if (second_wide(i)) {
		borrow(j);
		get_second(j, i, JIT_FUEL);
		jit_emit(j, a32_dp_reg(op, false, JIT_SCRATCH, JIT_SCRATCH, JIT_FUEL));
		jit_release(j, JIT_FUEL);
	} else {
		jit_emit(j, a32_dp_imm(op, false, JIT_SCRATCH, JIT_SCRATCH, 0));
	}
	put(j, dst, JIT_SCRATCH);
}

// AND, ORR, EOR. With zeros above, or with ones, most leave the upper half alone.
static void
logical(struct jit *j, const struct bpf_insn *i, enum a32_op op)
{
	unsigned dst = bpf_dst(i);

	jit_emit(j, a32_dp_reg(op, false, dst, dst, jit_operand(j, i, JIT_SCRATCH)));
	if (second_wide(i)) {
		get(j, JIT_SCRATCH, dst);
		borrow(j);
		get_second(j, i, JIT_FUEL);
		jit_emit(j, a32_dp_reg(op, false, JIT_SCRATCH, JIT_SCRATCH, JIT_FUEL));
		jit_release(j, JIT_FUEL);
		put(j, dst, JIT_SCRATCH);
	} else if (op == AND && !second_negative(i)) {
		put_constant(j, dst, 0);
	} else if (op == ORR && second_negative(i)) {
		put_constant(j, dst, ~0u);
	} else if (op == EOR && second_negative(i)) {
		get(j, JIT_SCRATCH, dst);
		jit_emit(j, a32_dp_reg(MVN, false, JIT_SCRATCH, 0, JIT_SCRATCH));
		put(j, dst, JIT_SCRATCH);
	}
}

static void
negate(struct jit *j, unsigned dst)
{
	jit_emit(j, a32_dp_imm(RSB, true, dst, dst, 0));
	get(j, JIT_SCRATCH, dst);
	jit_emit(j, a32_dp_imm(RSC, false, JIT_SCRATCH, JIT_SCRATCH, 0));
	put(j, dst, JIT_SCRATCH);
}

// The upper half: of the lower ones' product, and both products across.
static void
multiply(struct jit *j, const struct bpf_insn *i)
{
	unsigned dst = bpf_dst(i), b = jit_operand(j, i, JIT_FUEL);

	if (b != JIT_FUEL)
		borrow(j);
	get(j, JIT_SCRATCH, dst);
	jit_emit(j, a32_mul(JIT_SCRATCH, JIT_SCRATCH, b));
	if (second_wide(i)) {
		get_second(j, i, JIT_FUEL);
		jit_emit(j, mla(JIT_SCRATCH, dst, JIT_FUEL, JIT_SCRATCH));
	} else if (second_negative(i)) {
		jit_emit(j, a32_dp_reg(SUB, false, JIT_SCRATCH, JIT_SCRATCH, dst));
	}
	jit_emit(j, umull(dst, JIT_FUEL, dst, b));
	jit_emit(j, a32_dp_reg(ADD, false, JIT_SCRATCH, JIT_SCRATCH, JIT_FUEL));
	jit_release(j, JIT_FUEL);
	put(j, dst, JIT_SCRATCH);
}

// By a constant: what one half loses the other gets; from 32 on it gets all there is.
static void
shift_constant(struct jit *j, unsigned dst, enum a32_shift type, unsigned by)
{
	if (by == 0)
		return;
	if (type == LSL && by >= 32) {
		jit_emit(j, a32_shift_imm(LSL, JIT_SCRATCH, dst, by - 32));
		jit_constant(j, dst, 0);
	} else if (type == LSL) {
		get(j, JIT_SCRATCH, dst);
		jit_emit(j, a32_shift_imm(LSL, JIT_SCRATCH, JIT_SCRATCH, by));
		jit_emit(j, a32_dp_shifted(ORR, false, JIT_SCRATCH, JIT_SCRATCH, dst, LSR, 32 - by));
		jit_emit(j, a32_shift_imm(LSL, dst, dst, by));
	} else if (by >= 32) {
		get(j, dst, dst);
		if (type == ASR)
			jit_emit(j, a32_shift_imm(ASR, JIT_SCRATCH, dst, 31));
		else
			jit_constant(j, JIT_SCRATCH, 0);
		jit_emit(j, a32_shift_imm(type, dst, dst, by - 32));
	} else {
		get(j, JIT_SCRATCH, dst);
		jit_emit(j, a32_shift_imm(LSR, dst, dst, by));
		jit_emit(j, a32_dp_shifted(ORR, false, dst, dst, JIT_SCRATCH, LSL, 32 - by));
		jit_emit(j, a32_shift_imm(type, JIT_SCRATCH, JIT_SCRATCH, by));
	}
	put(j, dst, JIT_SCRATCH);
}

// By a register: A32 looks at eight bits of a count, so that one of 32 to 255 leaves nothing, and one below zero
// is such. The scratch register is the count, then 32 less the count, then that below zero, and the count again.
static void
shift_register(struct jit *j, const struct bpf_insn *i, enum a32_shift type)
{
	unsigned dst = bpf_dst(i), to = type == LSL ? JIT_FUEL : dst, from = type == LSL ? dst : JIT_FUEL;

	jit_emit(j, a32_dp_imm(AND, false, JIT_SCRATCH, jit_register(j, bpf_src(i), JIT_SCRATCH), 63));
	borrow(j);
	get(j, JIT_FUEL, dst);
	jit_emit(j, a32_shift_reg(type == LSL ? LSL : LSR, to, to, JIT_SCRATCH));
	jit_emit(j, a32_dp_imm(RSB, false, JIT_SCRATCH, JIT_SCRATCH, 32));
	jit_emit(j, shifted_by(ORR, to, to, from, type == LSL ? LSR : LSL, JIT_SCRATCH));
	jit_emit(j, a32_dp_imm(RSB, true, JIT_SCRATCH, JIT_SCRATCH, 0));
	jit_emit(j, under(type == ASR ? PL : AL, shifted_by(ORR, to, to, from, type, JIT_SCRATCH)));
	jit_emit(j, a32_dp_imm(ADD, false, JIT_SCRATCH, JIT_SCRATCH, 32));
	jit_emit(j, a32_shift_reg(type, from, from, JIT_SCRATCH));
	put(j, dst, JIT_FUEL);
	jit_release(j, JIT_FUEL);
}

static void
shift(struct jit *j, const struct bpf_insn *i, enum a32_shift type)
{
	if (i->opcode & BPF_X)
		shift_register(j, i, type);
	else
		shift_constant(j, bpf_dst(i), type, i->imm & 63);
}

static void
move(struct jit *j, const struct bpf_insn *i)
{
	unsigned dst = bpf_dst(i);

	if (!(i->opcode & BPF_X)) {
		jit_constant(j, dst, i->imm);
	} else if (i->offset == 8 || i->offset == 16) {
		jit_emit(j, a32_extend(true, i->offset, dst, jit_register(j, bpf_src(i), JIT_SCRATCH)));
	} else {
		jit_emit(j, a32_dp_reg(MOV, false, dst, 0, jit_register(j, bpf_src(i), JIT_SCRATCH)));
	}
	if (i->offset != 0)
		jit_emit(j, a32_shift_imm(ASR, JIT_SCRATCH, dst, 31));
	else
		get_second(j, i, JIT_SCRATCH);
	put(j, dst, JIT_SCRATCH);
}

static void
swap(struct jit *j, const struct bpf_insn *i)
{
	unsigned dst = bpf_dst(i);

	if (i->opcode == (BPF_ALU | BPF_END))		// to little endian
		return;
	borrow(j);
	get(j, JIT_SCRATCH, dst);
	jit_emit(j, a32_rev(32, JIT_FUEL, dst));
	jit_emit(j, a32_rev(32, dst, JIT_SCRATCH));
	put(j, dst, JIT_FUEL);
	jit_release(j, JIT_FUEL);
}

// DIV and MOD: a call, as C has it: a is r0 and r1, b r2 and r3, and so the result. What the callee may change is
// pushed before, in this order; of it the operands are read, so that none is lost while they are put in place.
#define PUSHED 24

static void
argument(struct jit *j, unsigned to, unsigned r)
{
	if (r == 10)
		jit_emit(j, a32_dp_imm(ADD, false, to, A32_SP, jit_imm(BPF_STACK + PUSHED)));
	else if (r < 4)
		jit_emit(j, a32_memory(true, 4, to, A32_SP, 4 * r));
	else
		jit_emit(j, a32_dp_reg(MOV, false, to, 0, r));
	if (is_wide(r))
		jit_emit(j, a32_memory(true, 4, to + 1, A32_SP, PUSHED + WIDE_UPPER(r)));
	else
		jit_constant(j, to + 1, 0);
}

static void
divide(struct jit *j, const struct bpf_insn *i)
{
	const uint32_t pushed = 0xf | 1u << JIT_FUEL | 1u << JIT_SCRATCH;
	unsigned dst = bpf_dst(i);
	uintptr_t function = (uintptr_t)wide_divides(i);

	jit_emit(j, a32_push(pushed));
	argument(j, 0, dst);
	if (i->opcode & BPF_X) {
		argument(j, 2, bpf_src(i));
	} else {
		jit_constant(j, 2, i->imm);
		get_second(j, i, 3);
	}
	jit_emit(j, a32_movw(JIT_SCRATCH, function));
	jit_emit(j, a32_movt(JIT_SCRATCH, function));
	jit_emit(j, a32_blx(JIT_SCRATCH));
	if (is_wide(dst))
		jit_emit(j, a32_memory(false, 4, 1, A32_SP, PUSHED + WIDE_UPPER(dst)));
	if (dst < 4)
		jit_emit(j, a32_memory(false, 4, 0, A32_SP, 4 * dst));
	else
		jit_emit(j, a32_dp_reg(MOV, false, dst, 0, 0));
	jit_emit(j, a32_pop(pushed));
}

// Where no upper half is other than zero, neither before nor behind it, and its sign does not matter, the 32-bit
// instruction does it all.
static bool
narrow(const struct bpf_insn *i)
{
	bool second = second_wide(i) || second_negative(i);

	switch (BPF_OP(i->opcode)) {
	case BPF_AND:
		return !is_wide(bpf_dst(i));
	case BPF_OR:
	case BPF_XOR:
	case BPF_MOV:
	case BPF_DIV:
	case BPF_MOD:
		return !is_wide(bpf_dst(i)) && !second && i->offset == 0;
	default:
		return false;
	}
}

bool
wide_arithmetic(struct jit *j, const struct bpf_insn *i)
{
	if (narrow(i))
		return false;
	switch (BPF_OP(i->opcode)) {
	case BPF_ADD:
		add(j, i, ADD);
		break;
	case BPF_SUB:
		add(j, i, SUB);
		break;
	case BPF_AND:
		logical(j, i, AND);
		break;
	case BPF_OR:
		logical(j, i, ORR);
		break;
	case BPF_XOR:
		logical(j, i, EOR);
		break;
	case BPF_MUL:
		multiply(j, i);
		break;
	case BPF_NEG:
		negate(j, bpf_dst(i));
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
		swap(j, i);
		break;
	default:			// BPF_DIV, BPF_MOD
		divide(j, i);
	}
	j->base = JIT_SCRATCH;		// what jit_emit() does not see: Rd is elsewhere
	return true;
}

// Eight bytes fit if the last four do, and no address wraps on the way there; then the address itself is in the
// scratch register.
void
wide_memory(struct jit *j, const struct bpf_insn *i)
{
	bool loads = BPF_CLASS(i->opcode) == BPF_LDX;
	unsigned base = loads ? bpf_src(i) : bpf_dst(i), at = JIT_SCRATCH, low;
	int32_t offset = -4;				// of the lower half from there

	if (base == 10) {
		at = A32_SP;
		offset = BPF_STACK + i->offset;
	} else {
		jit_place(j, base, i->offset);
		jit_emit(j, a32_dp_imm(ADD, true, JIT_SCRATCH, JIT_SCRATCH, 4));
		jit_emit(j, under(CC, a32_dp_reg(CMP, true, 0, JIT_SCRATCH, JIT_LIMIT)));
		jit_emit(j, under(CS, a32_dp_imm(SUB, false, JIT_SCRATCH, JIT_SCRATCH, 4)));
		jit_goto(j, CS, JIT_FAULT);
		jit_emit(j, a32_dp_reg(ADD, false, JIT_SCRATCH, JIT_SCRATCH, JIT_MEMORY));
	}
	if (loads) {
		jit_emit(j, a32_memory(true, 4, bpf_dst(i), at, offset));
		jit_emit(j, a32_memory(true, 4, JIT_SCRATCH, at, offset + 4));
		put(j, bpf_dst(i), JIT_SCRATCH);
		return;
	}
	low = jit_operand(j, i, JIT_FUEL);
	jit_emit(j, a32_memory(false, 4, low, at, offset));
	if (low != JIT_FUEL)
		borrow(j);
	get_second(j, i, JIT_FUEL);
	jit_emit(j, a32_memory(false, 4, JIT_FUEL, at, offset + 4));
	jit_release(j, JIT_FUEL);
}

void
wide_wrote(struct jit *j, const struct bpf_insn *i)
{
	unsigned dst = i->opcode == (BPF_JMP | BPF_CALL) ? 0 : bpf_dst(i), bytes = bpf_bytes(i->opcode);

	if (BPF_CLASS(i->opcode) != BPF_LDX || BPF_MODE(i->opcode) != WIDE_MEMSX) {
		put_constant(j, dst, 0);
		return;
	}
	if (bytes < 4)
		jit_emit(j, a32_extend(true, 8 * bytes, dst, dst));
	jit_emit(j, a32_shift_imm(ASR, JIT_SCRATCH, dst, 31));
	put(j, dst, JIT_SCRATCH);
}

void
wide_immediate(struct jit *j, const struct bpf_insn *i)
{
	jit_constant(j, bpf_dst(i), i->imm);
	put_constant(j, bpf_dst(i), i[1].imm);
}

// Signed: the difference of all 64 bits, or that less one: a is not above b if a - b - 1 is below zero.
static enum a32_cond
compare_signed(struct jit *j, const struct bpf_insn *i, enum a32_cond cond)
{
	bool one = cond == GT || cond == LE;
	unsigned a = jit_register(j, bpf_dst(i), JIT_SCRATCH), b = jit_operand(j, i, JIT_FUEL);

	jit_emit(j, a32_dp_imm(one ? CMN : CMP, true, 0, a, 0));	// C: clear, set
	jit_emit(j, a32_dp_reg(SBC, true, JIT_SCRATCH, a, b));
	if (b != JIT_FUEL)
		borrow(j);
	get(j, JIT_SCRATCH, bpf_dst(i));
	get_second(j, i, JIT_FUEL);
	jit_emit(j, a32_dp_reg(SBC, true, JIT_SCRATCH, JIT_SCRATCH, JIT_FUEL));
	jit_release(j, JIT_FUEL);
	return cond == LT || cond == LE ? LT : GE;
}

// The upper halves: with the second operand's, with zeros, or with ones.
static void
compare_upper(struct jit *j, const struct bpf_insn *i, enum a32_op op)
{
	get(j, JIT_SCRATCH, bpf_dst(i));
	if (second_wide(i)) {
		borrow(j);
		get_second(j, i, JIT_FUEL);
		jit_emit(j, a32_dp_reg(op, true, 0, JIT_SCRATCH, JIT_FUEL));
		jit_release(j, JIT_FUEL);
	} else if (!second_negative(i)) {
		jit_emit(j, a32_dp_imm(op, true, 0, JIT_SCRATCH, 0));
	} else if (op == CMP) {
		jit_emit(j, a32_dp_imm(CMN, true, 0, JIT_SCRATCH, 1));
	} else {
		jit_emit(j, a32_dp_reg(TST, true, 0, JIT_SCRATCH, JIT_SCRATCH));
	}
}

static enum a32_cond
without_sign(enum a32_cond cond)
{
	switch (cond) {
	case GT:
		return HI;
	case GE:
		return HS;
	case LT:
		return LO;
	case LE:
		return LS;
	default:
		return cond;
	}
}

enum a32_cond
wide_compare(struct jit *j, const struct bpf_insn *i, enum a32_cond cond, wide_lower *lower)
{
	enum a32_op op = BPF_OP(i->opcode) == BPF_JSET ? TST : CMP;
	bool both = is_wide(bpf_dst(i)) || second_wide(i) || second_negative(i);
	uint32_t *decided;

	if (BPF_CLASS(i->opcode) == BPF_JMP && both && cond >= GE)
		return compare_signed(j, i, cond);
	if (BPF_CLASS(i->opcode) == BPF_JMP && both) {
		compare_upper(j, i, op);
		decided = j->next++;			// the lower ones matter where the upper ones are equal
		lower(j, i, op);
		*decided = a32_branch(NE, 4 * (j->next - decided));
	} else {
		lower(j, i, op);
	}
	return BPF_CLASS(i->opcode) == BPF_JMP ? without_sign(cond) : cond;
}
