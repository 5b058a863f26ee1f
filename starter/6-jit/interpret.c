// The interpreter (exo/bpf.h): what each instruction means, one after the other. It is slow, and right: the compiler's
// code has to do the same.

#include <exo/bpf.h>
#include <exo/todo.h>

enum bpf_end
bpf_interpret(const struct bpf_insn *insns, uint32_t count, struct bpf_context *context, uint32_t *result)
{
	// TODO 6.2: from the first instruction on, until one ends it.
	(void)insns, (void)count, (void)context, (void)result;
	todo("6.2");
	return BPF_DONE;
}
