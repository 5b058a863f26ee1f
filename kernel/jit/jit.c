// What is given of the compiler (exo/jit.h): its way through a program, labels, the way in and the ways out, helpers,
// division.

#include <exo/error.h>
#include <exo/jit.h>

// B, as a32_branch(), to so many words from its own.
#define BRANCH(cond, words) ((uint32_t)(cond) << 28 | 0x0a000000 | ((uint32_t)((words) - 2) & 0xffffff))

#define TAIL_WORDS 4

static uint32_t *jit_at[JIT_TAILS + BPF_INSNS_MAX] __attribute__((section(".far")));
static uint32_t *jit_branches[4 * BPF_INSNS_MAX] __attribute__((section(".far")));
static struct jit_tail tails[BPF_INSNS_MAX] __attribute__((section(".far")));
static bool target[BPF_INSNS_MAX];			// of a jump

void
jit_constant(struct jit *j, unsigned rd, uint32_t value)
{
	uint32_t imm;

	if (value >> 16 == 0) {
		jit_emit(j, a32_movw(rd, value));
	} else if ((imm = jit_imm(value)) != ~0u) {
		jit_emit(j, a32_dp_imm(MOV, false, rd, 0, imm));
	} else if ((imm = jit_imm(~value)) != ~0u) {
		jit_emit(j, a32_dp_imm(MVN, false, rd, 0, imm));
	} else {
		jit_emit(j, a32_movw(rd, value));
		jit_emit(j, a32_movt(rd, value));
	}
}

unsigned
jit_frame(struct jit *j, unsigned scratch)
{
	if (scratch == JIT_FUEL)
		jit_emit(j, a32_memory(false, 4, JIT_FUEL, A32_SP, JIT_SPILL));
	jit_emit(j, a32_dp_imm(ADD, false, scratch, A32_SP, jit_imm(BPF_STACK)));
	return scratch;
}

unsigned
jit_immediate(struct jit *j, uint32_t value, unsigned scratch)
{
	if (scratch == JIT_FUEL)
		jit_emit(j, a32_memory(false, 4, JIT_FUEL, A32_SP, JIT_SPILL));
	jit_constant(j, scratch, value);
	return scratch;
}

// Eight bits of a constant, from an even place on, can be said in a word.
void
jit_place(struct jit *j, unsigned base, int32_t offset)
{
	int32_t distance = offset - (j->base == base ? j->offset : 0);
	uint32_t left = distance < 0 ? -distance : distance, part;

	if (j->base != base)
		*j->next++ = j->place | base << 16;
	for (; left != 0; left -= part) {
		part = left & 0xff << (__builtin_ctz(left) & ~1);
		*j->next++ = (distance < 0 ? j->down : j->up) | jit_imm(part);
	}
	j->base = base;
	j->offset = offset;
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
	jit_goto(j, CC, JIT_NO_FUEL);
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
	j->base = JIT_SCRATCH;				// what jit_emit() does not see: Rd is elsewhere
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

#define WAY_IN  8			// words
#define WAY_OUT 15

struct way_in {
	uint32_t words[WAY_IN];
};

struct way_out {
	uint32_t words[WAY_OUT];
};

// What stands before and behind every program's code; copied, as it runs wherever it lies.
extern const uint32_t jit_way_in[], jit_exit[], jit_fault[], jit_no_fuel[];

static void __attribute__((naked, used))
frame(void)
{
	__asm__ volatile(
	"jit_way_in:\n"
	"	push	{r0, r1, r4-r11, lr}\n"
	"	sub	sp, sp, %[stack]\n"
	"	ldr	r10, [r0, %[memory]]\n"
	"	ldr	r2, [r0, %[size]]\n"
	"	ldr	r3, [r0, %[argument]]\n"
	"	ldr	r12, [r0, %[fuel]]\n"
	"	sub	r11, r2, #3\n"
	"	mov	r1, r10\n"

	"jit_exit:\n"
	"	ldr	lr, [sp, %[result]]\n"
	"	str	r0, [lr]\n"
	"	mov	r0, %[done]\n"
	"1:	ldr	lr, [sp, %[context]]\n"
	"	str	r12, [lr, %[fuel]]\n"
	"	add	sp, sp, %[saved]\n"
	"	pop	{r4-r11, pc}\n"

	"jit_fault:\n"
	"	ldr	r0, [sp, %[context]]\n"
	"	add	lr, lr, r10\n"
	"	str	lr, [r0, %[fault]]\n"
	"	mov	r0, %[faulted]\n"
	"	b	1b\n"

	"jit_no_fuel:\n"
	"	mov	r0, %[spent]\n"
	"	mov	r12, #0\n"
	"	b	1b\n"
	".if . - jit_exit != 4 * %c[out] || jit_exit - jit_way_in != 4 * %c[in]\n"
	".error \"the ways in and out have other lengths\"\n"
	".endif\n"
	: : [in] "i"(WAY_IN), [out] "i"(WAY_OUT),
	    [stack] "i"(JIT_CONTEXT), [context] "i"(JIT_CONTEXT), [result] "i"(JIT_RESULT), [saved] "i"(JIT_SAVED),
	    [memory] "i"(offsetof(struct bpf_context, memory)), [size] "i"(offsetof(struct bpf_context, size)),
	    [argument] "i"(offsetof(struct bpf_context, argument)), [fuel] "i"(offsetof(struct bpf_context, fuel)),
	    [fault] "i"(offsetof(struct bpf_context, fault)), [done] "i"(BPF_DONE), [faulted] "i"(BPF_FAULT),
	    [spent] "i"(BPF_FUEL));
}

// lr is not below size - 3, which is r11; but a shorter access may be all in the memory yet: it begins so few bytes
// further on. Less r11, no address wraps. One that is not leads on to the next of its size, which is not either.
static void
tails_of(struct jit *j, uint32_t bytes)
{
	const uint32_t less = a32_dp_reg(SUB, false, JIT_SCRATCH, JIT_SCRATCH, JIT_LIMIT);
	const uint32_t more = a32_dp_reg(ADD, false, JIT_SCRATCH, JIT_SCRATCH, JIT_LIMIT);
	const uint32_t compare = a32_dp_imm(CMP, true, 0, JIT_SCRATCH, 4 - bytes);
	uint32_t *next = j->next;

	for (struct jit_tail *tail = tails; tail < j->tails; tail++) {
		if (tail->bytes != bytes)
			continue;
		j->at[JIT_TAILS + (tail - tails)] = next;
		*next++ = less;
		*next++ = compare;
		*next++ = more;
		*next = BRANCH(CC, tail->back - next);
		next++;
	}
	j->next = next;
	jit_goto(j, AL, JIT_FAULT);
}

static void
end(struct jit *j)
{
	j->at[JIT_EXIT] = j->next;
	j->at[JIT_FAULT] = j->next + (jit_fault - jit_exit);
	j->at[JIT_NO_FUEL] = j->next + (jit_no_fuel - jit_exit);
	*(struct way_out *)j->next = *(const struct way_out *)jit_exit;
	j->next += WAY_OUT;
	if (j->tails != tails) {
		tails_of(j, 1);
		tails_of(j, 2);
	}
}

// What takes its first operand from j->first.
static const bool three[16] = {
	[BPF_ADD >> 4] = true, [BPF_SUB >> 4] = true, [BPF_MUL >> 4] = true, [BPF_OR >> 4] = true,
	[BPF_AND >> 4] = true, [BPF_LSH >> 4] = true, [BPF_RSH >> 4] = true, [BPF_NEG >> 4] = true,
	[BPF_XOR >> 4] = true, [BPF_ARSH >> 4] = true,
};

// Whether instruction n is a MOV that need not be done, because the next one can take its first operand from where it is.
static bool
passed_over(const struct jit *j, uint32_t n)
{
	const struct bpf_insn *i = &j->insns[n], *next = i + 1;

	return i->opcode == (BPF_ALU | BPF_X | BPF_MOV) && i->offset == 0 && bpf_src(i) < 10 && !target[n + 1] &&
	    BPF_CLASS(next->opcode) == BPF_ALU && three[next->opcode >> 4] && bpf_dst(next) == bpf_dst(i) &&
	    !(next->opcode & BPF_X && bpf_src(next) == bpf_dst(i));
}

// Before an instruction, and behind it: where its label is, and whether JIT_SCRATCH is still what it was.
static void
arrive(struct jit *j, uint32_t n)
{
	jit_at[n] = j->next;
	if (target[n]) {
		target[n] = false;			// for the next program
		j->base = JIT_SCRATCH;
	}
}

static void
leave(struct jit *j, const struct bpf_insn *i)
{
	uint8_t class = BPF_CLASS(i->opcode);

	if (bpf_dst(i) == j->base && class != BPF_ST && class != BPF_STX && class != BPF_JMP32)
		j->base = JIT_SCRATCH;
}

int32_t
jit_compile(const struct bpf_insn *insns, uint32_t count, const struct bpf_helper *helpers, uint32_t *code,
    uint32_t capacity)
{
	struct jit j = { .insns = insns, .count = count, .helpers = helpers, .next = code,
		.at = jit_at, .branches = jit_branches, .tails = tails, .tail = JIT_TAILS, .base = JIT_SCRATCH };
	const uint32_t *last = code + capacity - JIT_MOST;	// where there is room for an instruction yet

	if (capacity < 2 * JIT_MOST)
		return -E_NOMEM;
	j.place = a32_dp_reg(SUB, false, JIT_SCRATCH, 0, JIT_MEMORY);
	j.up = a32_dp_imm(ADD, false, JIT_SCRATCH, JIT_SCRATCH, 0);
	j.down = a32_dp_imm(SUB, false, JIT_SCRATCH, JIT_SCRATCH, 0);
	for (uint32_t n = 0; n < count; n++)
		if (bpf_jumps(&insns[n]))
			target[n + 1 + bpf_distance(&insns[n])] = true;
	*(struct way_in *)j.next = *(const struct way_in *)jit_way_in;
	j.next += WAY_IN;
	for (uint32_t n = 0; n < count; n++) {
		if (j.next > last)
			return -E_NOMEM;
		arrive(&j, n);
		if (passed_over(&j, n)) {
			j.first = bpf_src(&insns[n]);
			jit_at[++n] = j.next;
		} else {
			j.first = bpf_dst(&insns[n]);
		}
		jit_instruction(&j, n);
		leave(&j, &insns[n]);
	}
	if (j.next + TAIL_WORDS * (j.tails - tails) > last)
		return -E_NOMEM;
	end(&j);
	for (uint32_t **branch = jit_branches; branch < j.branches; branch++) {
		uint32_t *word = *branch;

		*word = BRANCH(*word >> 28, jit_at[*word & 0xffffff] - word);
	}
	return j.next - code;
}
