// `make run LAB=6`: what the verifier says of programs, one by one; one of them interpreted and compiled; then two
// applications, one of which answers the other's messages, by a handler and by itself (demo/).

#include <exo/bpf_insn.h>
#include <exo/check.h>
#include <exo/env.h>
#include <exo/jit.h>
#include <exo/power.h>
#include <exo/space.h>
#include <exo/timer.h>

#define SHOWN 4				// instructions

static const struct bpf_helper none[BPF_HELPERS];

static const struct {
	struct bpf_insn insns[SHOWN];
	uint32_t count;
	const char *text, *why;
} typed[] = {
	{ { BPF_LDX_MEM(BPF_W, 0, 1, 8), BPF_EXIT_INSN() }, 2,
		"w0 = *(u32 *)(r1 + 8)", "" },
	{ { BPF_LDX_MEM(BPF_W, 0, 1, 32767), BPF_EXIT_INSN() }, 2,
		"w0 = *(u32 *)(r1 + 32767)", "is that in its memory? asked when it runs" },
	{ { BPF_MOV32_IMM(0, 0), BPF_STX_MEM(BPF_W, 10, 0, -512), BPF_EXIT_INSN() }, 3,
		"*(u32 *)(r10 - 512) = w0", "the stack's first word" },
	{ { BPF_MOV32_IMM(0, 0), BPF_STX_MEM(BPF_W, 10, 0, -513), BPF_EXIT_INSN() }, 3,
		"*(u32 *)(r10 - 513) = w0", "a byte below it" },
	{ { BPF_MOV32_REG(0, 5), BPF_EXIT_INSN() }, 2,
		"w0 = w5", "nothing has written w5" },
	{ { BPF_MOV32_IMM(10, 0), BPF_MOV32_IMM(0, 0), BPF_EXIT_INSN() }, 3,
		"w10 = 0", "r10 says where the stack is" },
	{ { BPF_MOV32_IMM(0, 0), BPF_JMP32_IMM(BPF_JEQ, 0, 0, 1), BPF_EXIT_INSN() }, 3,
		"if w0 == 0 goto +1", "behind the last instruction" },
	{ { BPF_JMP_A(-1) }, 1,
		"goto -1", "for ever? until its fuel is used up" },
	{ { BPF_EMIT_CALL(9), BPF_EXIT_INSN() }, 2,
		"call 9", "there is no helper 9" },
};

static void
verified(void)
{
	printk("Programs, and whether they are accepted:\n");
	for (unsigned i = 0; i < ARRAY_SIZE(typed); i++) {
		uint32_t at;
		bool good = bpf_structure(typed[i].insns, typed[i].count, none, &at) == BPF_OK &&
			bpf_defined(typed[i].insns, typed[i].count, none, &at) == BPF_OK;

		printk("    %-26s %s", typed[i].text, good ? "accepted" : "refused");
		if (typed[i].why[0] != 0)
			printk("%s%s", good ? "  " : "   ", typed[i].why);
		printk("\n");
	}
}

// The exclusive or of its memory's words.
static const struct bpf_insn words[] = {
	BPF_MOV32_IMM(0, 0),
	BPF_LDX_MEM(BPF_W, 4, 1, 0),
	BPF_ALU32_REG(BPF_XOR, 0, 4),
	BPF_ALU32_IMM(BPF_ADD, 1, 4),
	BPF_ALU32_IMM(BPF_SUB, 2, 4),
	BPF_JMP32_IMM(BPF_JNE, 2, 0, -5),
	BPF_EXIT_INSN(),
};

static uint32_t memory[256], code[256];

static struct bpf_context
context(void)
{
	return (struct bpf_context){ .memory = (uintptr_t)memory, .size = sizeof memory, .fuel = 1000, .helpers = none };
}

static void
run(void)
{
	struct bpf_context c = context();
	struct space space;
	uint32_t result;
	uint64_t start;
	int32_t size;

	for (unsigned i = 0; i < ARRAY_SIZE(memory); i++)
		memory[i] = i * 0x9e3779b9;
	printk("A program of %u instructions, over %u words:\n", (unsigned)ARRAY_SIZE(words), (unsigned)ARRAY_SIZE(memory));
	start = timer_now();
	bpf_interpret(words, ARRAY_SIZE(words), &c, &result);
	printk("    interpreted  0x%08x, fuel left %u, %5u instructions\n", result, c.fuel,
	    (uint32_t)(timer_now() - start));

	printk("    encoded      eor r0, r0, r4: 0x%08x; bne .-20: 0x%08x\n", a32_dp_reg(EOR, false, 0, 0, 4),
	    a32_branch(NE, -20));
	size = jit_compile(words, ARRAY_SIZE(words), none, code, ARRAY_SIZE(code));
	if (size < 0 || space_code(&space, code, size) < 0)
		return;
	c = context();
	start = timer_now();
	((jit_function *)(uintptr_t)space_address(&space))(&c, &result);
	printk("    compiled     0x%08x, fuel left %u, %5u instructions, of %d words\n", result, c.fuel,
	    (uint32_t)(timer_now() - start), size);
	space_free(&space);
}

void
check_main(void)
{
	struct env *env;

	verified();
	run();
	if (env_load("counter", "count", &env) < 0 || env_load("asker", "count", &env) < 0)
		return;
	env_run();
	power_off();
}
