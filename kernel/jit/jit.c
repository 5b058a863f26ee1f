// What is given of the compiler (exo/jit.h): its two passes, the way in and the ways out, helpers, division.

#include <exo/error.h>
#include <exo/jit.h>

#define SAVED 0x0ff0u		// r4 to r11

static uint32_t at[BPF_INSNS_MAX + 1];
static struct jit_tail tails[BPF_INSNS_MAX];

void
jit_emit(struct jit *j, uint32_t word)
{
	if (j->code != NULL)
		j->code[j->words] = word;
	j->words++;
}

void
jit_constant(struct jit *j, unsigned rd, uint32_t value)
{
	if (a32_imm(value) != ~0u) {
		jit_emit(j, a32_dp_imm(MOV, false, rd, 0, a32_imm(value)));
	} else if (a32_imm(~value) != ~0u) {
		jit_emit(j, a32_dp_imm(MVN, false, rd, 0, a32_imm(~value)));
	} else {
		jit_emit(j, a32_movw(rd, value));
		if (value >> 16 != 0)
			jit_emit(j, a32_movt(rd, value));
	}
}

void
jit_branch(struct jit *j, enum a32_cond cond, uint32_t to)
{
	jit_emit(j, a32_branch(cond, 4 * (int32_t)(to - j->words)));
}

unsigned
jit_register(struct jit *j, unsigned r, unsigned scratch)
{
	if (r < 10)
		return r;
	if (scratch == JIT_FUEL)
		jit_emit(j, a32_memory(false, 4, JIT_FUEL, A32_SP, JIT_SPILL));
	jit_emit(j, a32_dp_imm(ADD, false, scratch, A32_SP, a32_imm(BPF_STACK)));
	return scratch;
}

unsigned
jit_operand(struct jit *j, const struct bpf_insn *i, unsigned scratch)
{
	uint8_t class = BPF_CLASS(i->opcode);

	if (class == BPF_STX || (class != BPF_ST && (i->opcode & BPF_X)))
		return jit_register(j, bpf_src(i), scratch);
	if (scratch == JIT_FUEL)
		jit_emit(j, a32_memory(false, 4, JIT_FUEL, A32_SP, JIT_SPILL));
	jit_constant(j, scratch, i->imm);
	return scratch;
}

void
jit_release(struct jit *j, unsigned operand)
{
	if (operand == JIT_FUEL)
		jit_emit(j, a32_memory(true, 4, JIT_FUEL, A32_SP, JIT_SPILL));
}

uint32_t
jit_outside(struct jit *j, uint32_t back, unsigned bytes)
{
	if (bytes == 4)
		return j->fault;
	j->tails[j->tail_count] = (struct jit_tail){ back, bytes };
	return j->tail_at + JIT_TAIL_WORDS * j->tail_count++;
}

// Halfwords reach 255 bytes only: above, a byte at a time.
void
jit_stack(struct jit *j, const struct bpf_insn *i)
{
	bool loads = BPF_CLASS(i->opcode) == BPF_LDX;
	unsigned bytes = bpf_bytes(i->opcode), rt = loads ? bpf_dst(i) : jit_operand(j, i, JIT_SCRATCH);
	int32_t offset = BPF_STACK + i->offset;

	if (bytes != 2 || offset < 256) {
		jit_emit(j, a32_memory(loads, bytes, rt, A32_SP, offset));
	} else if (loads) {
		jit_emit(j, a32_memory(true, 1, rt, A32_SP, offset));
		jit_emit(j, a32_memory(true, 1, JIT_SCRATCH, A32_SP, offset + 1));
		jit_emit(j, a32_shift_imm(LSL, JIT_SCRATCH, JIT_SCRATCH, 8));
		jit_emit(j, a32_dp_reg(ORR, false, rt, rt, JIT_SCRATCH));
	} else {
		jit_emit(j, a32_memory(false, 1, rt, A32_SP, offset));
		jit_emit(j, a32_shift_imm(LSR, JIT_SCRATCH, rt, 8));
		jit_emit(j, a32_memory(false, 1, JIT_SCRATCH, A32_SP, offset + 1));
	}
}

void
jit_call(struct jit *j, const struct bpf_insn *i)
{
	const uint32_t arguments = 0x3e | 1u << JIT_FUEL;	// and one more: sp stays 8-byte aligned

	jit_emit(j, a32_dp_imm(SUB, true, JIT_FUEL, JIT_FUEL, 1));
	jit_branch(j, CC, j->no_fuel);
	jit_emit(j, a32_memory(true, 4, 0, A32_SP, JIT_CONTEXT));
	jit_emit(j, a32_memory(false, 4, JIT_FUEL, 0, offsetof(struct bpf_context, fuel)));
	jit_emit(j, a32_push(arguments));
	jit_emit(j, a32_dp_reg(MOV, false, 1, 0, A32_SP));
	jit_emit(j, a32_movw(JIT_SCRATCH, (uintptr_t)j->helpers[i->imm].function));
	jit_emit(j, a32_movt(JIT_SCRATCH, (uintptr_t)j->helpers[i->imm].function));
	jit_emit(j, a32_blx(JIT_SCRATCH));
	jit_emit(j, a32_dp_imm(ADD, false, A32_SP, A32_SP, 24));
	jit_emit(j, a32_memory(true, 4, JIT_SCRATCH, A32_SP, JIT_CONTEXT));
	jit_emit(j, a32_memory(true, 4, JIT_FUEL, JIT_SCRATCH, offsetof(struct bpf_context, fuel)));
}

// By 0 the processor's quotient is 0, and so the remainder what was divided; the smallest number by -1 is itself (DDI
// 0406C, A8.8.165): BPF's very results.
void
jit_divide(struct jit *j, const struct bpf_insn *i)
{
	unsigned a = bpf_dst(i), b = jit_operand(j, i, JIT_SCRATCH), quotient = a;

	if (BPF_OP(i->opcode) == BPF_MOD)
		quotient = b == JIT_SCRATCH ? JIT_FUEL : JIT_SCRATCH;
	if (quotient == JIT_FUEL)
		jit_emit(j, a32_memory(false, 4, JIT_FUEL, A32_SP, JIT_SPILL));
	jit_emit(j, a32_div(i->offset == 1, quotient, a, b));
	if (quotient != a)
		jit_emit(j, a32_mls(a, quotient, b, a));
	jit_release(j, quotient);
}

void
jit_swap(struct jit *j, const struct bpf_insn *i)
{
	bool little = BPF_CLASS(i->opcode) == BPF_ALU && !(i->opcode & BPF_X);
	unsigned dst = bpf_dst(i);

	if (!little)
		jit_emit(j, a32_rev(i->imm, dst, dst));
	if (i->imm == 16)
		jit_emit(j, a32_extend(false, 16, dst, dst));
}

static void
begin(struct jit *j)
{
	jit_emit(j, a32_push(SAVED | 3 | 1u << A32_LR));
	jit_emit(j, a32_dp_imm(SUB, false, A32_SP, A32_SP, a32_imm(JIT_CONTEXT)));
	jit_emit(j, a32_memory(true, 4, JIT_MEMORY, 0, offsetof(struct bpf_context, memory)));
	jit_emit(j, a32_memory(true, 4, 2, 0, offsetof(struct bpf_context, size)));
	jit_emit(j, a32_memory(true, 4, 3, 0, offsetof(struct bpf_context, argument)));
	jit_emit(j, a32_memory(true, 4, JIT_FUEL, 0, offsetof(struct bpf_context, fuel)));
	jit_emit(j, a32_dp_imm(SUB, false, JIT_LIMIT, 2, 3));
	jit_emit(j, a32_dp_reg(MOV, false, 1, 0, JIT_MEMORY));
}

static void
end(struct jit *j)
{
	uint32_t out;

	j->exit = j->words;
	jit_emit(j, a32_memory(true, 4, JIT_SCRATCH, A32_SP, JIT_RESULT));
	jit_emit(j, a32_memory(false, 4, 0, JIT_SCRATCH, 0));
	jit_constant(j, 0, BPF_DONE);
	out = j->words;
	jit_emit(j, a32_memory(true, 4, JIT_SCRATCH, A32_SP, JIT_CONTEXT));
	jit_emit(j, a32_memory(false, 4, JIT_FUEL, JIT_SCRATCH, offsetof(struct bpf_context, fuel)));
	jit_emit(j, a32_dp_imm(ADD, false, A32_SP, A32_SP, a32_imm(JIT_SAVED)));
	jit_emit(j, a32_pop(SAVED | 1u << A32_PC));

	j->fault = j->words;
	jit_emit(j, a32_memory(true, 4, 0, A32_SP, JIT_CONTEXT));
	jit_emit(j, a32_dp_reg(ADD, false, JIT_SCRATCH, JIT_SCRATCH, JIT_MEMORY));
	jit_emit(j, a32_memory(false, 4, JIT_SCRATCH, 0, offsetof(struct bpf_context, fault)));
	jit_constant(j, 0, BPF_FAULT);
	jit_branch(j, AL, out);

	j->no_fuel = j->words;
	jit_constant(j, 0, BPF_FUEL);
	jit_constant(j, JIT_FUEL, 0);
	jit_branch(j, AL, out);

	// lr is not below size - 3, and what is r11 then; but a shorter access may be all in the memory yet.
	j->tail_at = j->words;
	for (uint32_t n = 0; n < j->tail_count; n++) {
		uint32_t less = 4 - j->tails[n].bytes;

		jit_emit(j, a32_dp_imm(SUB, false, JIT_SCRATCH, JIT_SCRATCH, less));
		jit_emit(j, a32_dp_reg(CMP, true, 0, JIT_SCRATCH, JIT_LIMIT));
		jit_emit(j, a32_dp_imm(ADD, false, JIT_SCRATCH, JIT_SCRATCH, less));
		jit_branch(j, CC, j->tails[n].back);
		jit_branch(j, AL, j->fault);
	}
}

static void
pass(struct jit *j)
{
	j->words = j->tail_count = 0;
	begin(j);
	for (uint32_t n = 0; n < j->count; n++) {
		j->at[n] = j->words;
		jit_instruction(j, n);
	}
	j->at[j->count] = j->words;
	end(j);
}

int32_t
jit_compile(const struct bpf_insn *insns, uint32_t count, const struct bpf_helper *helpers, uint32_t *code, uint32_t capacity)
{
	struct jit j = { .insns = insns, .count = count, .helpers = helpers, .at = at, .tails = tails };

	pass(&j);
	if (j.words > capacity)
		return -E_NOMEM;
	j.code = code;
	pass(&j);
	return j.words;
}
