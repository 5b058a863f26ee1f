// Programs as applications bring them (exo/bpf.h): verified, compiled, and put where they can be run. Given, in
// kernel/jit/program.c.
#pragma once

#include <exo/jit.h>
#include <exo/space.h>

#define PROGRAM_WORDS 65536		// of compiled code at most

struct compiled {
	struct space code;		// pages is 0: there is none
	uint32_t insns, words;
};

// What a program has to keep to beside bpf_structure() and bpf_defined().
enum program_rule {
	PROGRAM_ANY,
	PROGRAM_READS,			// it stores nothing but to its stack
	PROGRAM_FUNCTION,		// what it returns and stores depends on its memory's bytes, their number and its argument
					// alone, and not on where anything lies; so does how it ends. (As it must be of XN's
					// owns-udf: Kaashoek et al., SOSP '97, section 4.1.) It is to be given no helpers
};

// Load the program of `count` instructions at `insns`, the kernel's to read. -E_PERM: it is refused, and *why tells;
// -E_NOMEM. Nothing is there then.
int program_load(struct compiled *p, const struct bpf_insn *insns, uint32_t count, const struct bpf_helper *helpers,
    enum program_rule rule, struct bpf_refused *why);

// The same of one that an application has at va. -E_FAULT: it is not the application's to read.
int program_copy(struct compiled *p, uint32_t va, uint32_t count, const struct bpf_helper *helpers, enum program_rule rule,
    struct bpf_refused *why);

// In function.c: BPF_OK or BPF_E_ADDRESS, of a program that the verifier accepts.
enum bpf_error program_function(const struct bpf_insn *insns, uint32_t count, uint32_t *at);

static inline enum bpf_end
program_run(const struct compiled *p, struct bpf_context *context, uint32_t *result)
{
	return ((jit_function *)(uintptr_t)space_address(&p->code))(context, result);
}

static inline void
program_unload(struct compiled *p)
{
	space_free(&p->code);
}
