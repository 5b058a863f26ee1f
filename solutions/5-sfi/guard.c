// What stands in the place of each instruction (sfi/rewrite.h): guards, so that the verifier accepts it, and as few
// of them as will do.

#include <exo/todo.h>
#include <sfi/rewrite.h>

// BEGIN SOLUTION 5.3a
void
guard_data(int reg, struct state *s)
{
	emit("bfi r10, %s, #0, #20", reg_name(reg));
	s->r10 = s->reg[reg];
}

// r9 := the word of the code segment whose address reg holds. BFI takes its field from bit 0 on.
static void
guard_code(int reg, const char *cond)
{
	emit("lsr%s r12, %s, #2", cond, reg_name(reg));
	emit("bfi%s r9, r12, #2, #18", cond);
}
// INSTEAD
//| // TODO 5.3: the guard of a data address; that of a code address.
//| void
//| guard_data(int reg, struct state *s)
//| {
//| 	(void)reg, (void)s;
//| 	todo("5.3");
//| }
// END SOLUTION

// BEGIN SOLUTION 5.3b
static void
jump(int reg, const char *cond)
{
	guard_code(reg, cond);
	emit("bx%s r9", cond);
}

// Where an access can go instead of where it went: relative to which register, and its immediate.
struct place {
	int reg, imm;
};

// The place of what lies imm bytes from v, which reg holds: near the pins, sp, or where r10 is; else r10 comes to v.
static struct place
place_of(struct value v, int reg, int imm, int range, struct state *s)
{
	int32_t d;

	if (pins && values_near(v, s->reg[R_PINS], &d))
		return (struct place){ R_PINS, d + imm };
	if (values_near(v, s->reg[SP], &d) && d + imm <= range && d + imm >= -range)
		return (struct place){ SP, d + imm };
	if (values_near(v, s->r10, &d) && d + imm <= range && d + imm >= -range)
		return (struct place){ R_SHARED, d + imm };
	guard_data(reg, s);
	return (struct place){ R_SHARED, imm };
}

// to := what i computes, or the address that it has.
static void
compute(int to, const struct insn *i, const char *cond)
{
	const char *op = i->minus != (i->imm < 0) ? "sub" : "add", *a = reg_name(to), *b = reg_name(i->rn);
	int n = i->imm < 0 ? -i->imm : i->imm;

	if (i->rm != NOT_ONE) {
		emit("%s%s %s, %s, %s%s%s", op, cond, a, b, reg_name(i->rm), *i->shift ? ", " : "", i->shift);
		return;
	}
	if (!is_immediate(n)) {			// 12 bits, as accesses have them, are two of 8
		emit("%s%s %s, %s, #%d", op, cond, a, b, n & 0xff);
		b = a;
		n &= ~0xff;
	}
	emit("%s%s %s, %s, #%d", op, cond, a, b, n);
}

// The place of [rn, rm, shift]: what no register has is computed, in what is to be loaded or in r12.
static struct place
place_indexed(const struct insn *i, struct state *s)
{
	struct value sum = value_indexed(i, s);
	int reg = register_with(sum, s);
	int32_t d;

	if (reg == NOT_ONE && !(values_near(sum, s->r10, &d) && d <= i->range && d >= -i->range)) {
		bool free = i->kind == LOAD && i->mode == OFFSET && i->cond[0] == '\0' && i->rt != PC;

		reg = free ? i->rt : R_SCRATCH;
		compute(reg, i, "");
		s->reg[reg] = sum;
	}
	return place_of(sum, reg, 0, i->range, s);
}
// INSTEAD
//| // TODO 5.3: the jump to what a register holds; where an access can go instead.
// END SOLUTION

// BEGIN SOLUTION 5.3c
// One register, or two. A guard hurts nobody where the condition does not hold.
static void
access(const struct insn *i, struct state *s)
{
	bool pc = i->kind == LOAD && i->rt == PC;
	const char *data = pc ? "r12" : i->data;

	if (i->rn == SP && i->mode == POST) {
		emit("%s%s %s, [sp], #%d", i->op, i->cond, data, i->imm);
	} else if (i->rn == SP && i->rm == NOT_ONE) {
		emit("%s%s %s, [sp, #%d]%s", i->op, i->cond, data, i->imm, i->mode == PRE ? "!" : "");
	} else {
		bool indexed = i->rm != NOT_ONE && i->mode != POST;
		struct place p = indexed ? place_indexed(i, s) :
		    place_of(s->reg[i->rn], i->rn, i->mode == POST ? 0 : i->imm, i->range, s);

		emit("%s%s %s, [%s, #%d]", i->op, i->cond, data, reg_name(p.reg), p.imm);
		if (i->mode != OFFSET)
			compute(i->rn, i, i->cond);
	}
	if (pc)
		jump(R_SCRATCH, i->cond);
}

// Those of a list. What would be loaded into pc comes into lr, which a function that returns has no more use for.
static void
access_many(const struct insn *i, struct state *s)
{
	bool pc = i->kind == LOAD_MANY && i->list & 1u << PC;
	uint32_t list = pc ? (i->list & ~(1u << PC)) | 1u << LR : i->list;

	if (i->rn == SP) {
		emit("%s%s sp%s, %s", i->op, i->cond, i->mode == OFFSET ? "" : "!", list_name(list));
	} else {
		struct place p = place_of(s->reg[i->rn], i->rn, 0, 0, s);

		emit("%s%s %s, %s", i->op, i->cond, reg_name(p.reg), list_name(list));
		if (i->mode != OFFSET)
			compute(i->rn, i, i->cond);
	}
	if (pc)
		jump(LR, i->cond);
}

// sp is to be what i computes: by the writeback of an access that nobody needs, if that is near.
static void
stack(const struct insn *i, struct state *s)
{
	struct value to = value_indexed(i, s);
	int32_t d;

	if (values_near(to, s->reg[SP], &d) && d >= -4095 && d <= 4095) {
		if (d < 0)
			emit("str%s r12, [sp, #%d]!", i->cond, d);
		else if (d > 0)
			emit("ldr%s r12, [sp], #%d", i->cond, d);
	} else {
		compute(R_SCRATCH, i, "");
		s->reg[R_SCRATCH] = to;
		guard_data(R_SCRATCH, s);
		emit("mov%s sp, r10", i->cond);
	}
}
// INSTEAD
//| // TODO 5.3: accesses, of one register and of several, with what they add to their base; the stack pointer.
// END SOLUTION

void
guard(const struct insn *i, struct state *s)
{
	// BEGIN SOLUTION 5.3d
	switch (i->kind) {
	case LOAD:
	case STORE:
		access(i, s);
		break;
	case LOAD_MANY:
	case STORE_MANY:
		access_many(i, s);
		break;
	case STACK:
		stack(i, s);
		break;
	case JUMP:
		jump(i->rm, i->cond);
		break;
	case CALL_TO:
		guard_code(i->rm, i->cond);
		emit("blx%s r9", i->cond);
		s->r10 = UNKNOWN;
		break;
	case CALL:
		emit("%s", i->text);
		s->r10 = UNKNOWN;
		break;
	default:
		emit("%s", i->text);
	}
	// INSTEAD
	//| // TODO 5.3: what each kind of instruction becomes.
	//| (void)s;
	//| todo("5.3");
	//| emit("%s", i->text);
	// END SOLUTION
}
