// Whether a program is a function of its memory's bytes, their number and its argument, and of nothing else
// (PROGRAM_FUNCTION, exo/program.h): of where its memory and its stack lie it may make no more than what it needs to
// reach them. Of each register and each word of the stack it is known, on every path, whether it is a number, the same
// wherever the memory lies; an address, the memory's plus a number; or anything else.

#include <exo/program.h>
#include <exo/string.h>

enum kind { NUMBER, ADDRESS, OTHER };

#define SLOTS (BPF_STACK / 4)

struct kinds {
	uint8_t r[11], slot[SLOTS];
	bool reached, again;		// there is a way to it; it changed since it was looked at
};

static struct kinds before[BPF_INSNS_MAX] __attribute__((section(".far")));

// A way leads from an instruction behind which k holds to number n. What is not the same on every way is OTHER.
static bool
lead(const struct kinds *k, uint32_t n)
{
	struct kinds *to = &before[n];
	bool changed = !to->reached;

	if (changed)
		*to = *k;
	for (unsigned i = 0; i < sizeof to->r; i++)
		if (to->r[i] != k->r[i] && to->r[i] != OTHER)
			to->r[i] = OTHER, changed = true;
	for (unsigned i = 0; i < SLOTS; i++)
		if (to->slot[i] != k->slot[i] && to->slot[i] != OTHER)
			to->slot[i] = OTHER, changed = true;
	to->reached = true;
	to->again |= changed;
	return changed;
}

static enum kind
computed(const struct bpf_insn *i, enum kind a, enum kind b)
{
	switch (BPF_OP(i->opcode)) {
	case BPF_MOV:
		return i->offset == 0 || b == NUMBER ? b : OTHER;
	case BPF_ADD:
		return a == NUMBER ? b : b == NUMBER ? a : OTHER;
	case BPF_SUB:
		return b == NUMBER ? a : a == ADDRESS && b == ADDRESS ? NUMBER : OTHER;
	case BPF_NEG:
	case BPF_END:
		return a == NUMBER ? NUMBER : OTHER;
	default:
		return a == NUMBER && b == NUMBER ? NUMBER : OTHER;
	}
}

// What an access through r10 finds, or leaves, in the stack's words: the kind of a whole word goes with it.
static enum kind
stack(struct kinds *k, const struct bpf_insn *i, bool stores, enum kind value)
{
	int at = BPF_STACK + i->offset, last = at + (int)bpf_bytes(i->opcode) - 1;
	enum kind found = k->slot[at / 4];

	if (at / 4 == last / 4 && last - at == 3) {
		if (stores)
			k->slot[at / 4] = value;
		return found;
	}
	for (int n = at / 4; n <= last / 4; n++) {
		if (stores && (value != NUMBER || k->slot[n] != NUMBER))
			k->slot[n] = OTHER;
		if (k->slot[n] != NUMBER)
			found = OTHER;
	}
	return found;
}

// What holds behind the instruction; false: it does not depend on numbers alone.
static bool
step(struct kinds *k, const struct bpf_insn *i)
{
	bool x = i->opcode & BPF_X;
	enum kind a = k->r[bpf_dst(i)], b = x ? (enum kind)k->r[bpf_src(i)] : NUMBER;
	uint8_t op = BPF_OP(i->opcode);

	switch (BPF_CLASS(i->opcode)) {
	case BPF_ALU:
	case BPF_ALU64:
		k->r[bpf_dst(i)] = computed(i, a, b);
		return true;
	case BPF_LDX:
		b = k->r[bpf_src(i)];
		k->r[bpf_dst(i)] = bpf_src(i) == 10 ? stack(k, i, false, NUMBER) : NUMBER;
		return bpf_src(i) == 10 || b == ADDRESS;
	case BPF_ST:
	case BPF_STX:
		b = BPF_CLASS(i->opcode) == BPF_ST ? NUMBER : (enum kind)k->r[bpf_src(i)];
		if (bpf_dst(i) == 10)
			stack(k, i, true, b);
		return bpf_dst(i) == 10 || (a == ADDRESS && b == NUMBER);
	default:
		if (op == BPF_EXIT)
			return k->r[0] == NUMBER;
		if (op == BPF_JA || (a == NUMBER && b == NUMBER))
			return op != BPF_CALL;
		return (op == BPF_JEQ || op == BPF_JNE) && a == ADDRESS && b == ADDRESS;
	}
}

enum bpf_error
program_function(const struct bpf_insn *insns, uint32_t count, uint32_t *at)
{
	const struct kinds first = { .r = { [1] = ADDRESS, [10] = OTHER } };
	bool again = true;

	for (uint32_t n = 0; n < count; n++)
		before[n].reached = before[n].again = false;
	lead(&first, 0);
	while (again) {
		again = false;
		for (uint32_t n = 0; n < count; n++) {
			const struct bpf_insn *i = &insns[n];
			struct kinds k = before[n];

			if (!k.again)
				continue;
			k.again = before[n].again = false;
			step(&k, i);
			if (i->opcode == (BPF_JMP | BPF_EXIT))
				continue;
			if (bpf_jumps(i)) {
				uint32_t to = n + 1 + bpf_distance(i);

				again |= lead(&k, to) && to <= n;
			}
			if (!bpf_jumps(i) || BPF_OP(i->opcode) != BPF_JA)
				lead(&k, n + 1);
		}
	}
	for (uint32_t n = 0; n < count; n++) {
		struct kinds k = before[n];

		*at = n;
		if (k.reached && !step(&k, &insns[n]))
			return BPF_E_ADDRESS;
	}
	return BPF_OK;
}
