// The verifier's first half (exo/bpf.h): whether each instruction is one, by itself and where it stands. What it
// accepts can be run; whether it reads what nothing has written is the second half's affair.

#include <exo/bpf.h>
#include <exo/todo.h>

// BEGIN SOLUTION 6.1
// An access through r10 is all in the stack.
static bool
in_stack(const struct bpf_insn *i)
{
	return i->offset >= -BPF_STACK && i->offset + (int)bpf_bytes(i->opcode) <= 0;
}

static enum bpf_error
alu(const struct bpf_insn *i)
{
	bool x = i->opcode & BPF_X, wide = BPF_CLASS(i->opcode) == BPF_ALU64;
	uint8_t op = BPF_OP(i->opcode);

	if (op > BPF_END || (wide && i->opcode != (BPF_ALU64 | BPF_END)) || (op == BPF_NEG && x))
		return BPF_E_OPCODE;
	if (op == BPF_END) {
		if (bpf_src(i) != 0 || i->offset != 0 || (i->imm != 16 && i->imm != 32))
			return BPF_E_RESERVED;
	} else if (op == BPF_NEG) {
		if (bpf_src(i) != 0 || i->offset != 0 || i->imm != 0)
			return BPF_E_RESERVED;
	} else {
		bool divides = op == BPF_DIV || op == BPF_MOD, extends = op == BPF_MOV && x;

		if (i->offset != 0 && !(divides && i->offset == 1) && !(extends && (i->offset == 8 || i->offset == 16)))
			return BPF_E_RESERVED;
		if (x ? i->imm != 0 : bpf_src(i) != 0)
			return BPF_E_RESERVED;
		if (x && bpf_src(i) > 10)
			return BPF_E_REGISTER;
	}
	return bpf_dst(i) < 10 ? BPF_OK : BPF_E_REGISTER;
}

static enum bpf_error
memory(const struct bpf_insn *i)
{
	uint8_t class = BPF_CLASS(i->opcode);
	unsigned base = class == BPF_LDX ? bpf_src(i) : bpf_dst(i);

	if (BPF_MODE(i->opcode) != BPF_MEM || BPF_SIZE(i->opcode) == BPF_DW)
		return BPF_E_OPCODE;
	if (class == BPF_ST ? bpf_src(i) != 0 : i->imm != 0)
		return BPF_E_RESERVED;
	if (bpf_src(i) > 10 || bpf_dst(i) > (class == BPF_LDX ? 9 : 10))
		return BPF_E_REGISTER;
	return base == 10 && !in_stack(i) ? BPF_E_STACK : BPF_OK;
}

static enum bpf_error
jump(const struct bpf_insn *i, uint32_t number, uint32_t count, const struct bpf_helper *helpers)
{
	bool x = i->opcode & BPF_X, narrow = BPF_CLASS(i->opcode) == BPF_JMP32;
	uint8_t op = BPF_OP(i->opcode);
	int64_t target;

	if (op == BPF_CALL || op == BPF_EXIT) {
		if (narrow || x)
			return BPF_E_OPCODE;
		if (op == BPF_CALL && bpf_src(i) == 1)
			return BPF_E_LOCAL_CALL;
		if (bpf_dst(i) != 0 || bpf_src(i) != 0 || i->offset != 0 || (op == BPF_EXIT && i->imm != 0))
			return BPF_E_RESERVED;
		if (op == BPF_CALL && ((uint32_t)i->imm >= BPF_HELPERS || helpers[i->imm].function == NULL))
			return BPF_E_HELPER;
		return BPF_OK;
	}
	if (op > BPF_JSLE || (op == BPF_JA ? x : !narrow))
		return BPF_E_OPCODE;
	if (op == BPF_JA) {
		if (i->regs != 0 || (narrow ? i->offset != 0 : i->imm != 0))
			return BPF_E_RESERVED;
	} else {
		if (x ? i->imm != 0 : bpf_src(i) != 0)
			return BPF_E_RESERVED;
		if (bpf_dst(i) > 10 || bpf_src(i) > 10)
			return BPF_E_REGISTER;
	}
	target = (int64_t)number + 1 + (op == BPF_JA && narrow ? i->imm : i->offset);
	return target >= 0 && target < count ? BPF_OK : BPF_E_JUMP;
}

enum bpf_error
bpf_structure(const struct bpf_insn *insns, uint32_t count, const struct bpf_helper *helpers, uint32_t *at)
{
	*at = 0;
	if (count == 0 || count > BPF_INSNS_MAX)
		return BPF_E_SIZE;
	for (uint32_t n = 0; n < count; n++) {
		const struct bpf_insn *i = &insns[n];
		enum bpf_error error = BPF_E_OPCODE;	// BPF_LD

		*at = n;
		switch (BPF_CLASS(i->opcode)) {
		case BPF_ALU:
		case BPF_ALU64:
			error = alu(i);
			break;
		case BPF_LDX:
		case BPF_ST:
		case BPF_STX:
			error = memory(i);
			break;
		case BPF_JMP:
		case BPF_JMP32:
			error = jump(i, n, count, helpers);
			break;
		}
		if (error != BPF_OK)
			return error;
	}
	switch (insns[count - 1].opcode) {
	case BPF_JMP | BPF_EXIT:
	case BPF_JMP | BPF_JA:
	case BPF_JMP32 | BPF_JA:
		return BPF_OK;
	}
	return BPF_E_END;
}
// INSTEAD
//| enum bpf_error
//| bpf_structure(const struct bpf_insn *insns, uint32_t count, const struct bpf_helper *helpers, uint32_t *at)
//| {
//| 	// TODO 6.1: each instruction, and where it leads; the last one.
//| 	(void)insns, (void)count, (void)helpers, (void)at;
//| 	todo("6.1");
//| 	return BPF_E_SIZE;
//| }
// END SOLUTION
