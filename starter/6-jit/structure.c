// The verifier's first half (exo/bpf.h): whether each instruction is one, by itself and where it stands. What it
// accepts can be run; whether it reads what nothing has written is the second half's affair.

#include <exo/bpf.h>
#include <exo/todo.h>

enum bpf_error
bpf_structure(const struct bpf_insn *insns, uint32_t count, const struct bpf_helper *helpers, uint32_t *at)
{
	// TODO 6.1: each instruction, and where it leads; the last one.
	(void)insns, (void)count, (void)helpers, (void)at;
	todo("6.1");
	return BPF_E_SIZE;
}
