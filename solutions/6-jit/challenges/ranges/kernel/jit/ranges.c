// What is known of each register before each instruction: a range of what it is, or of how far it is from the memory's
// first byte; a window of bytes around it that are in the memory; and how many bytes that has at least. An access
// within either needs no check.
//
// Why that is sound. What is known where jumps lead to is what holds on every way there, and all is gone through until
// nothing changes, loops included; if it does not come to rest soon, nothing is known at all. A sum that may go beyond
// 32 bits is any number. A register that is written loses its range and its window. What an access has touched, checked
// or proven, lies in the memory, whose size never changes and whose bytes lie together: so two windows of a register
// are one, with what is between them, and an address of which the least is known says how large the memory is at least.
//
// A loop's guard (ranges.h) says that the pointer is in the memory and before its end, that this is in the memory or
// right behind it, and that whole steps lead there. The pointer makes one step a round, the end stays, and the way back
// is taken only as long as they differ: so there is a step's room whenever it begins anew. What leaves the copy, of
// which the guard says nothing, is a way like any other to where it leads.

#include "ranges.h"
#include <exo/string.h>

#define MOST    (1u << 30)		// bytes: no memory has more, nor goes round the end of all addresses
#define WIDE    (1 << 20)		// a window ends nearer than that
#define ROUNDS  24
#define PATIENT 2			// changes where jumps lead to, before what changes again is given up
#define LONGEST 64			// instructions of a loop that is there twice

enum kind { NUMBER, ADDRESS, SIZE };	// itself; less the memory's address; a number: how many bytes the memory has

struct value {
	enum kind kind;
	uint32_t low, high;		// at least and at most
	int32_t from, to;		// bytes counted from the register that are in the memory; equal: none
};

struct known {
	struct value r[10];
	uint32_t size;			// of the memory, at least
	bool reached;
	uint8_t times;			// it changed
};

// What jumps lead to, and behind that the copies.
static struct known before[BPF_INSNS_MAX + RANGES_LOOPS] __attribute__((section(".far")));
static uint16_t ways[BPF_INSNS_MAX];	// jumps to each instruction
static bool inside[BPF_INSNS_MAX];	// its access, always
static uint8_t begins[BPF_INSNS_MAX];	// the number of a loop, from 1 on; 0: none
static struct range_loop loops[RANGES_LOOPS];
static uint32_t loop_count;
static const struct range_loop *copied;

static const struct value anything = { .kind = NUMBER, .high = ~0u };

static struct value
between(enum kind kind, int64_t low, int64_t high)
{
	return low >= 0 && high <= ~0u ? (struct value){ .kind = kind, .low = low, .high = high } : anything;
}

// Values.

static struct value
moved(struct value a, int64_t by)
{
	struct value v = between(a.kind == ADDRESS ? ADDRESS : NUMBER, a.low + by, a.high + by);
	int64_t from = a.from - by, to = a.to - by;

	if (from > -WIDE && to < WIDE)
		v.from = from, v.to = to;
	return v;
}

static struct value
added(struct value a, struct value b)
{
	if (b.low == b.high && b.kind != ADDRESS)
		return moved(a, (int32_t)b.low);
	if (a.kind == ADDRESS && b.kind == ADDRESS)
		return anything;
	return between(a.kind == ADDRESS || b.kind == ADDRESS ? ADDRESS : NUMBER, (int64_t)a.low + b.low,
	    (int64_t)a.high + b.high);
}

static struct value
subtracted(struct value a, struct value b)
{
	if (b.kind == ADDRESS)
		return anything;
	if (b.low == b.high)
		return moved(a, -(int64_t)(int32_t)b.low);
	return between(a.kind == ADDRESS ? ADDRESS : NUMBER, (int64_t)a.low - b.high, (int64_t)a.high - b.low);
}

static struct value
shifted(uint8_t op, struct value a, struct value b)
{
	unsigned by = b.low & 31;

	if (op == BPF_ARSH && a.high > INT32_MAX)
		return anything;
	if (b.low != b.high)
		return op == BPF_LSH ? anything : between(NUMBER, 0, a.high);
	if (op == BPF_LSH)
		return between(NUMBER, (int64_t)a.low << by, (int64_t)a.high << by);
	return between(NUMBER, a.low >> by, a.high >> by);
}

// What an instruction leaves in dst.
static struct value
computed(const struct bpf_insn *i, struct value a, struct value b)
{
	uint8_t op = BPF_OP(i->opcode);
	uint64_t product;

	if (op == BPF_MOV)
		return i->offset == 0 ? b : anything;
	if (op == BPF_ADD)
		return added(a, b);
	if (op == BPF_SUB)
		return subtracted(a, b);
	if (op == BPF_END)
		return i->imm == 16 ? between(NUMBER, 0, 0xffff) : anything;
	a = a.kind == ADDRESS ? anything : a;
	b = b.kind == ADDRESS ? anything : b;
	switch (op) {
	case BPF_AND:
		return between(NUMBER, 0, a.high < b.high ? a.high : b.high);
	case BPF_OR:
	case BPF_XOR:
		return between(NUMBER, 0, (a.high | b.high) == 0 ? 0 : ~0u >> __builtin_clz(a.high | b.high));
	case BPF_LSH:
	case BPF_RSH:
	case BPF_ARSH:
		return shifted(op, a, b);
	case BPF_MUL:
		product = (uint64_t)a.high * b.high;
		return product <= ~0u ? between(NUMBER, (uint64_t)a.low * b.low, product) : anything;
	case BPF_DIV:
		return i->offset == 0 ? between(NUMBER, 0, a.high) : anything;
	case BPF_MOD:
		if (i->offset != 0)
			return anything;
		return between(NUMBER, 0, b.low > 0 && b.high <= a.high ? b.high - 1 : a.high);
	default:
		return anything;
	}
}

// The bytes behind register r from `from` up to `to` are in the memory.
static void
learn(struct known *k, unsigned r, int32_t from, int32_t to)
{
	struct value *v = &k->r[r];
	bool none = v->from == v->to;

	v->from = none || from < v->from ? from : v->from;
	v->to = none || to > v->to ? to : v->to;
	if (v->kind != ADDRESS || (int64_t)v->low + from < 0 || (int64_t)v->high + from > ~0u)
		return;
	if ((int64_t)v->low + to > k->size)
		k->size = v->low + to;
	if (v->high > MOST - to && v->low <= MOST - to)
		v->high = MOST - to;
}

// a + by is at most b, both as numbers. A way that this makes impossible is thought possible all the same.
static void
order(struct known *k, struct value *a, struct value *b, uint32_t by)
{
	int64_t high = (int64_t)b->high - by, low = (int64_t)a->low + by;

	if (a->kind == ADDRESS || b->kind == ADDRESS || high < a->low || low > b->high)
		return;
	if (high < a->high)
		a->high = high;
	if (low > b->low)
		b->low = low;
	if (b->kind == SIZE && b->low > k->size)
		k->size = b->low;
}

// What a jump says by being taken or not.
static void
compare(struct known *k, const struct bpf_insn *i, bool taken)
{
	struct value imm = between(NUMBER, (uint32_t)i->imm, (uint32_t)i->imm), other = anything;
	struct value *a = bpf_dst(i) < 10 ? &k->r[bpf_dst(i)] : &other, *b = &imm;

	if (i->opcode & BPF_X)
		b = bpf_src(i) < 10 && bpf_src(i) != bpf_dst(i) ? &k->r[bpf_src(i)] : &other;
	switch (BPF_OP(i->opcode)) {
	case BPF_JEQ:
	case BPF_JNE:
		if (taken == (BPF_OP(i->opcode) == BPF_JEQ)) {
			order(k, a, b, 0);
			order(k, b, a, 0);
		}
		break;
	case BPF_JGT:
	case BPF_JLE:
		if (taken == (BPF_OP(i->opcode) == BPF_JGT))
			order(k, b, a, 1);
		else
			order(k, a, b, 0);
		break;
	case BPF_JGE:
	case BPF_JLT:
		if (taken == (BPF_OP(i->opcode) == BPF_JGE))
			order(k, b, a, 0);
		else
			order(k, a, b, 1);
	}
}

// Whether there is a way to the next instruction.
static bool
goes_on(const struct bpf_insn *i)
{
	return i->opcode != (BPF_JMP | BPF_EXIT) && !(bpf_jumps(i) && BPF_OP(i->opcode) == BPF_JA);
}

static unsigned
base(const struct bpf_insn *i)
{
	return BPF_CLASS(i->opcode) == BPF_LDX ? bpf_src(i) : bpf_dst(i);
}

// An access through a register of which something may be known.
static bool
accesses(const struct bpf_insn *i)
{
	uint8_t class = BPF_CLASS(i->opcode);

	return (class == BPF_LDX || class == BPF_ST || class == BPF_STX) && base(i) < 10;
}

static bool
needless(const struct known *k, const struct bpf_insn *i)
{
	const struct value *v = &k->r[base(i)];
	int32_t from = i->offset, to = from + bpf_bytes(i->opcode);

	if (v->from <= from && to <= v->to)
		return true;
	return v->kind == ADDRESS && (int64_t)v->low + from >= 0 && (int64_t)v->high + to <= k->size;
}

// An instruction that does not jump.
static void
step(struct known *k, const struct bpf_insn *i)
{
	const struct value imm = between(NUMBER, (uint32_t)i->imm, (uint32_t)i->imm);
	struct value *dst = &k->r[bpf_dst(i)];

	if (accesses(i))
		learn(k, base(i), i->offset, i->offset + bpf_bytes(i->opcode));
	switch (BPF_CLASS(i->opcode)) {
	case BPF_ALU:
	case BPF_ALU64:
		*dst = computed(i, *dst, !(i->opcode & BPF_X) ? imm : bpf_src(i) < 10 ? k->r[bpf_src(i)] : anything);
		break;
	case BPF_LDX:
		*dst = between(NUMBER, 0, ~0u >> (32 - 8 * bpf_bytes(i->opcode)));
		break;
	case BPF_JMP:
		if (BPF_OP(i->opcode) == BPF_CALL)
			for (unsigned r = 0; r <= 5; r++)
				k->r[r] = anything;
	}
}

// Ways that come together.

// A bound that has changed too often goes on to the next of a few.
static uint32_t
widened(uint32_t high)
{
	return high <= 0xff ? 0xff : high <= 0xffff ? 0xffff : high <= INT32_MAX ? INT32_MAX : ~0u;
}

static bool
join(struct value *a, const struct value *b, bool patient)
{
	const struct value old = *a;

	if ((a->kind == ADDRESS) != (b->kind == ADDRESS))
		a->kind = NUMBER, a->low = 0, a->high = ~0u;
	else if (a->kind != b->kind)
		a->kind = NUMBER;
	if (b->low < a->low)
		a->low = patient ? b->low : 0;
	if (b->high > a->high)
		a->high = patient ? b->high : widened(b->high);
	if (b->from > a->from || b->to < a->to) {
		a->from = b->from > a->from ? b->from : a->from;
		a->to = b->to < a->to ? b->to : a->to;
		if (!patient || a->from >= a->to)
			a->from = a->to = 0;
	}
	return a->kind != old.kind || a->low != old.low || a->high != old.high ||
	    a->from != old.from || a->to != old.to;
}

// A way leads to where before[n] is known.
static bool
lead(const struct known *k, uint32_t n)
{
	struct known *to = &before[n];
	bool patient = to->times < PATIENT, changed = false;

	if (!to->reached) {
		*to = *k;
		to->reached = true;
		to->times = 0;
		return true;
	}
	for (unsigned r = 0; r < 10; r++)
		changed |= join(&to->r[r], &k->r[r], patient);
	if (k->size < to->size) {
		to->size = patient ? k->size : 4;
		changed = true;
	}
	to->times += changed;
	return changed;
}

static bool
jump(struct known *k, const struct bpf_insn *i, uint32_t to)
{
	struct known taken = *k;

	compare(&taken, i, true);
	compare(k, i, false);
	return lead(&taken, copied != NULL && to == copied->first ? BPF_INSNS_MAX + (uint32_t)(copied - loops) : to);
}

// Instruction n, and where it leads; whether something changed that this round has gone through. *here: there is a way
// to the next one.
static bool
follow(struct known *k, const struct bpf_insn *insns, uint32_t n, bool *here)
{
	const struct bpf_insn *i = &insns[n];

	step(k, i);
	*here = goes_on(i);
	return bpf_jumps(i) && jump(k, i, n + 1 + bpf_distance(i)) && n + 1 + bpf_distance(i) <= n;
}

// A loop's copy, and what its guard says.
static bool
twice(struct known *k, const struct bpf_insn *insns, const struct range_loop *loop)
{
	struct value *masked = &k->r[loop->masked];
	struct known copy;
	bool again = false, here = true;

	lead(k, BPF_INSNS_MAX + (loop - loops));
	copy = before[BPF_INSNS_MAX + (loop - loops)];
	copied = loop;
	for (uint32_t n = loop->first; n <= loop->last; n++)
		again |= follow(&copy, insns, n, &here);
	copied = NULL;
	lead(&copy, loop->last + 1);
	if (loop->most != ~0u && (masked->kind == ADDRESS || masked->high > loop->most))
		*masked = between(NUMBER, 0, loop->most);
	return again;
}

static bool
round(const struct bpf_insn *insns, uint32_t count)
{
	struct known k = { .size = 4 };
	bool here = true, again = false;

	for (unsigned r = 0; r < 10; r++)
		k.r[r] = anything;
	k.r[1] = between(ADDRESS, 0, 0);
	k.r[2] = between(SIZE, 4, MOST);
	for (uint32_t n = 0; n < count; n++) {
		const struct range_loop *loop = ranges_loop(n);

		if (loop != NULL && here)
			again |= twice(&k, insns, loop);
		if (ways[n] > 0) {
			if (here)
				lead(&k, n);
			here = before[n].reached;
			k = before[n];
			if (loop != NULL && here)
				learn(&k, loop->pointer, 0, loop->by);
		}
		inside[n] = here && accesses(&insns[n]) && needless(&k, &insns[n]);
		if (here)
			again |= follow(&k, insns, n, &here);
	}
	return again;
}

// Loops.

static bool
writes(const struct bpf_insn *i, unsigned r)
{
	uint8_t class = BPF_CLASS(i->opcode);

	if (i->opcode == (BPF_JMP | BPF_CALL))
		return r <= 5;
	return (class == BPF_ALU || class == BPF_ALU64 || class == BPF_LDX) && bpf_dst(i) == r;
}

static bool
reads(const struct bpf_insn *i, unsigned r)
{
	uint8_t class = BPF_CLASS(i->opcode);
	bool x = class == BPF_LDX || class == BPF_STX || (class != BPF_ST && i->opcode & BPF_X);
	bool first = class != BPF_LDX && class != BPF_JMP && !(class == BPF_ALU && BPF_OP(i->opcode) == BPF_MOV);
	bool second = x && !(class == BPF_ALU && BPF_OP(i->opcode) == BPF_END);

	return (first && bpf_dst(i) == r) || (second && bpf_src(i) == r);
}

// Whether the register has a value before the loop on which it depends.
static bool
comes_in(const struct bpf_insn *insns, const struct range_loop *loop, unsigned r)
{
	for (uint32_t n = loop->first; n <= loop->last; n++)
		if (reads(&insns[n], r) || writes(&insns[n], r))
			return reads(&insns[n], r);
	return false;
}

// Whether instruction `last` ends a loop as ranges.h has it: one way in, one way through, and one step of the pointer, by
// which something is accessed. None is right behind the one found before it, whose copy would come in past the guard.
static bool
makes(struct range_loop *loop, const struct bpf_insn *insns, uint32_t last)
{
	const struct bpf_insn *jump = &insns[last];
	unsigned into = 0, steps = 0, uses = 0;

	if ((jump->opcode != (BPF_JMP32 | BPF_X | BPF_JNE) && jump->opcode != (BPF_JMP32 | BPF_X | BPF_JLT)) ||
	    bpf_distance(jump) >= 0 || bpf_distance(jump) < -LONGEST || bpf_dst(jump) == 10 || bpf_src(jump) == 10)
		return false;
	*loop = (struct range_loop){ .first = last + 1 + bpf_distance(jump), .last = last,
		.pointer = bpf_dst(jump), .end = bpf_src(jump), .most = ~0u };
	for (uint32_t n = loop->first; n <= last; n++) {
		const struct bpf_insn *i = &insns[n];

		into += ways[n];
		uses += accesses(i) && base(i) == loop->pointer;
		if (!goes_on(i) || writes(i, loop->end))
			return false;
		if (writes(i, loop->pointer)) {
			steps++;
			loop->by = i->opcode == (BPF_ALU | BPF_ADD) ? i->imm : 0;
		}
		if (i->opcode == (BPF_ALU | BPF_AND) && i->imm >= 0 && comes_in(insns, loop, bpf_dst(i)))
			loop->masked = bpf_dst(i), loop->most = i->imm;
	}
	if (loop > loops && loop[-1].last + 1 == loop->first)
		return false;
	return into == 1 && ways[loop->first] == 1 && steps == 1 && uses > 0 &&
	    loop->by > 0 && loop->by <= 256 && (loop->by & (loop->by - 1)) == 0;
}

const struct range_loop *
ranges_loop(uint32_t n)
{
	return begins[n] > 0 ? &loops[begins[n] - 1] : NULL;
}

const struct range_loop *
ranges_next(uint32_t *next)
{
	return *next < loop_count ? &loops[(*next)++] : NULL;
}

void
ranges_find(const struct bpf_insn *insns, uint32_t count)
{
	uint32_t left = ROUNDS;

	memset(ways, 0, count * sizeof *ways);
	memset(begins, 0, count);
	for (uint32_t n = 0; n < count; n++) {
		before[n].reached = false;
		if (bpf_jumps(&insns[n]))
			ways[n + 1 + bpf_distance(&insns[n])]++;
	}
	loop_count = 0;
	for (uint32_t n = 0; n < count && loop_count < RANGES_LOOPS; n++)
		if (makes(&loops[loop_count], insns, n)) {
			before[BPF_INSNS_MAX + loop_count++].reached = false;
			begins[loops[loop_count - 1].first] = loop_count;
		}
	for (uint32_t l = 0; l < loop_count; l++)
		ways[loops[l].last + 1]++;
	while (round(insns, count) && left-- > 0)
		;
	if (left > ROUNDS) {
		loop_count = 0;
		memset(begins, 0, count);
		memset(inside, 0, count);
	}
}

// Code.

// Its end is in the memory or right behind, and so not before its fourth byte; the pointer is in it and before the end.
void
ranges_guard(struct jit *j, const struct range_loop *loop)
{
	uint32_t copy = JIT_COPY + (loop - loops);

	jit_emit(j, a32_dp_reg(SUB, false, JIT_SCRATCH, loop->end, JIT_MEMORY));
	jit_emit(j, a32_dp_imm(SUB, false, JIT_SCRATCH, JIT_SCRATCH, 4));
	jit_emit(j, a32_dp_reg(CMP, true, 0, JIT_SCRATCH, JIT_LIMIT));
	jit_goto(j, CS, copy);
	jit_emit(j, a32_dp_reg(CMP, true, 0, loop->pointer, JIT_MEMORY));
	jit_goto(j, CC, copy);
	jit_emit(j, a32_dp_reg(CMP, true, 0, loop->pointer, loop->end));
	jit_goto(j, CS, copy);
	if (loop->by > 1) {
		jit_emit(j, a32_dp_reg(SUB, false, JIT_SCRATCH, loop->end, loop->pointer));
		jit_emit(j, a32_dp_imm(TST, true, 0, JIT_SCRATCH, loop->by - 1));
		jit_goto(j, NE, copy);
	}
	if (loop->most != ~0u) {
		jit_constant(j, JIT_SCRATCH, loop->most);
		jit_emit(j, a32_dp_reg(CMP, true, 0, loop->masked, JIT_SCRATCH));
		jit_goto(j, HI, copy);
	}
}

void
ranges_copy(const struct range_loop *loop)
{
	copied = loop;
}

bool
ranges_inside(const struct jit *j, const struct bpf_insn *i)
{
	return copied == NULL && inside[i - j->insns];
}

uint32_t
ranges_target(uint32_t to)
{
	return copied != NULL && to == copied->first ? JIT_COPY + (uint32_t)(copied - loops) : to;
}
