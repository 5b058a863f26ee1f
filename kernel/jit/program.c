// From a program's bytes to code that can be run (exo/program.h). Only what has been copied is verified, and only that
// is compiled.

#include <exo/error.h>
#include <exo/program.h>
#include <exo/trap.h>

static uint32_t code[PROGRAM_WORDS] __attribute__((section(".far")));
static struct bpf_insn copy[BPF_INSNS_MAX] __attribute__((section(".far")));

static enum bpf_error
reads(const struct bpf_insn *insns, uint32_t count, uint32_t *at)
{
	for (*at = 0; *at < count; ++*at) {
		uint8_t class = BPF_CLASS(insns[*at].opcode);

		if ((class == BPF_ST || class == BPF_STX) && bpf_dst(&insns[*at]) != 10)
			return BPF_E_STORE;
	}
	return BPF_OK;
}

int
program_load(struct compiled *p, const struct bpf_insn *insns, uint32_t count, const struct bpf_helper *helpers,
    enum program_rule rule, struct bpf_refused *why)
{
	int32_t words;

	p->code.pages = 0;
	why->error = bpf_structure(insns, count, helpers, &why->at);
	if (why->error == BPF_OK)
		why->error = bpf_defined(insns, count, helpers, &why->at);
	if (why->error == BPF_OK && rule == PROGRAM_READS)
		why->error = reads(insns, count, &why->at);
	if (why->error == BPF_OK && rule == PROGRAM_FUNCTION)
		why->error = program_function(insns, count, &why->at);
	if (why->error != BPF_OK)
		return -E_PERM;
	words = jit_compile(insns, count, helpers, code, PROGRAM_WORDS);
	if (words < 0)
		return words;
	p->insns = count;
	p->words = words;
	return space_code(&p->code, code, words);
}

int
program_copy(struct compiled *p, uint32_t va, uint32_t count, const struct bpf_helper *helpers, enum program_rule rule,
    struct bpf_refused *why)
{
	p->code.pages = 0;
	if (count == 0 || count > BPF_INSNS_MAX) {
		*why = (struct bpf_refused){ BPF_E_SIZE, 0 };
		return -E_PERM;
	}
	if (copy_in(copy, va, count * sizeof *copy) < 0)
		return -E_FAULT;
	return program_load(p, copy, count, helpers, rule, why);
}
