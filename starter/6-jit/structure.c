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

// TODO 6.1: which fields each instruction uses, and what it may be where it stands; where it leads; the last one.
// Whether instruction `number` of `count` is one, where it stands; of several reasons the first in enum bpf_error.
static enum bpf_error
instruction(const struct bpf_insn *i, uint32_t number, uint32_t count, const struct bpf_helper *helpers)
{
	(void)i, (void)number, (void)count, (void)helpers, (void)known;
	todo("6.1");
	return BPF_E_OPCODE;
}

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
