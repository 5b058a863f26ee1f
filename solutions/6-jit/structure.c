// The verifier's first half (exo/bpf.h): whether each instruction is one, by itself and where it stands. What it
// accepts can be run; whether it reads what nothing has written is the second half's affair.

#include <exo/bpf.h>
#include <exo/todo.h>

// Fields that an instruction uses beside its opcode.
enum { OPCODE = 1, DST = 2, SRC = 4, OFFSET = 8, IMM = 16 };

// Whether a field that is used has a value that the instruction knows.
static bool
known(const struct bpf_insn *i)
{
	uint8_t class = BPF_CLASS(i->opcode), op = BPF_OP(i->opcode);

	if (class == BPF_JMP && op == BPF_CALL)
		return bpf_src(i) == 0;
	if (class != BPF_ALU && class != BPF_ALU64)
		return true;
	if (op == BPF_END)
		return i->imm == 16 || i->imm == 32;
	if (op == BPF_MOV)
		return i->offset == 0 || i->offset == 8 || i->offset == 16;
	return i->offset == 0 || i->offset == 1;
}

// BEGIN SOLUTION 6.1
// The fields that an instruction of this opcode uses; 0: there is none, or not for us.
static unsigned
uses(uint8_t opcode)
{
	bool x = opcode & BPF_X, mem = BPF_MODE(opcode) == BPF_MEM && BPF_SIZE(opcode) != BPF_DW;
	unsigned second = x ? SRC : IMM;
	uint8_t op = BPF_OP(opcode);

	switch (BPF_CLASS(opcode)) {
	case BPF_LDX:
	case BPF_STX:
		return mem ? DST | SRC | OFFSET : 0;
	case BPF_ST:
		return mem ? DST | OFFSET | IMM : 0;
	case BPF_ALU:
		if (op == BPF_NEG)
			return x ? 0 : DST;
		if (op == BPF_END)
			return DST | IMM;
		if (op == BPF_DIV || op == BPF_MOD || (op == BPF_MOV && x))
			return DST | second | OFFSET;
		return op < BPF_END ? DST | second : 0;
	case BPF_ALU64:
		return op == BPF_END && !x ? DST | IMM : 0;
	case BPF_JMP:
		if (x)
			return 0;
		return op == BPF_JA ? OFFSET : op == BPF_CALL ? SRC | IMM : op == BPF_EXIT ? OPCODE : 0;
	case BPF_JMP32:
		if (op == BPF_JA)
			return x ? 0 : IMM;
		return op != BPF_CALL && op != BPF_EXIT && op <= BPF_JSLE ? DST | second | OFFSET : 0;
	}
	return 0;
}

// Whether instruction `number` of `count` is one, where it stands; of several reasons the first in enum bpf_error.
static enum bpf_error
instruction(const struct bpf_insn *i, uint32_t number, uint32_t count, const struct bpf_helper *helpers)
{
	uint8_t class = BPF_CLASS(i->opcode);
	bool loads = class == BPF_LDX, stores = class == BPF_ST || class == BPF_STX, jumps = bpf_jumps(i);
	bool calls = i->opcode == (BPF_JMP | BPF_CALL), leaves = i->opcode == (BPF_JMP | BPF_EXIT);
	unsigned used = uses(i->opcode), base = loads ? bpf_src(i) : bpf_dst(i);
	uint32_t to = number + 1 + bpf_distance(i);		// before the program it is a large number

	if (calls && bpf_src(i) == 1)
		return BPF_E_LOCAL_CALL;
	if (used == 0)
		return BPF_E_OPCODE;
	if ((!(used & DST) && bpf_dst(i) != 0) || (!(used & SRC) && bpf_src(i) != 0) ||
	    (!(used & OFFSET) && i->offset != 0) || (!(used & IMM) && i->imm != 0) || !known(i))
		return BPF_E_RESERVED;
	if (bpf_src(i) > 10 || bpf_dst(i) > (stores || jumps ? 10 : 9))
		return BPF_E_REGISTER;
	if (jumps && to >= count)
		return BPF_E_JUMP;
	if (calls && ((uint32_t)i->imm >= BPF_HELPERS || helpers[i->imm].function == NULL))
		return BPF_E_HELPER;
	if ((loads || stores) && base == 10 && (i->offset < -BPF_STACK || i->offset + (int)bpf_bytes(i->opcode) > 0))
		return BPF_E_STACK;
	return number + 1 < count || leaves || (jumps && BPF_OP(i->opcode) == BPF_JA) ? BPF_OK : BPF_E_END;
}
// INSTEAD
//| // TODO 6.1: which fields each instruction uses, and what it may be where it stands; where it leads; the last one.
//| // Whether instruction `number` of `count` is one, where it stands; of several reasons the first in enum bpf_error.
//| static enum bpf_error
//| instruction(const struct bpf_insn *i, uint32_t number, uint32_t count, const struct bpf_helper *helpers)
//| {
//| 	(void)i, (void)number, (void)count, (void)helpers, (void)known;
//| 	todo("6.1");
//| 	return BPF_E_OPCODE;
//| }
// END SOLUTION

enum bpf_error
bpf_structure(const struct bpf_insn *insns, uint32_t count, const struct bpf_helper *helpers, uint32_t *at)
{
	*at = 0;
	if (count == 0 || count > BPF_INSNS_MAX)
		return BPF_E_SIZE;
	for (uint32_t n = 0; n < count; n++) {
		enum bpf_error error = instruction(&insns[n], n, count, helpers);

		*at = n;
		if (error != BPF_OK)
			return error;
	}
	return BPF_OK;
}
