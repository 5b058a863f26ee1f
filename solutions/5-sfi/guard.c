// What stands in the place of each instruction (sfi/rewrite.h): guards, so that the verifier accepts it, and as few as will do.

#include <exo/todo.h>
#include <sfi/rewrite.h>
#include <stddef.h>

// BEGIN SOLUTION 5.3a
void
guard_data(int reg, struct state *s)
{
	emit("bfi r10, %s, #0, #20", reg_name(reg));
	s->r10 = s->reg[reg];
}

// Where an access may go instead: the register, and its immediate.
struct place {
	int reg, imm;
};

// The place of what lies imm bytes from v, which register reg holds: relative to the pins, sp or r10 if one is near enough, else r10
// comes to v.
static struct place
place_of(struct value v, int reg, int imm, int range, struct state *s)
{
	int32_t distance;

	if (pins && values_near(v, s->reg[R_PINS], &distance))
		return (struct place){ R_PINS, distance + imm };
	if (values_near(v, s->reg[SP], &distance) && distance + imm <= range && distance + imm >= -range)
		return (struct place){ SP, distance + imm };
	if (values_near(v, s->r10, &distance) && distance + imm <= range && distance + imm >= -range)
		return (struct place){ R_SHARED, distance + imm };
	guard_data(reg, s);
	return (struct place){ R_SHARED, imm };
}

// The same for [rn, rm, shift]: the sum is computed where no register has it, in what is loaded or in r12.
static struct place
place_indexed(const struct insn *i, struct state *s)
{
	struct value sum = value_indexed(i, s);
	int32_t distance;
	int reg = register_with(sum, s);

	if (reg == NOT_ONE && !(values_near(sum, s->r10, &distance) && distance <= i->range && distance >= -i->range)) {
		reg = i->kind == LOAD && i->mode == OFFSET && i->cond[0] == '\0' && i->rt != PC ? i->rt : R_SCRATCH;
		emit("%s %s, %s, %s%s%s", i->minus ? "sub" : "add", reg_name(reg), reg_name(i->rn), reg_name(i->rm),
		    *i->shift ? ", " : "", i->shift);
		s->reg[reg] = sum;
	}
	return place_of(sum, reg, 0, i->range, s);
}
// INSTEAD
//| // TODO 5.3: the guard, and where an access may go instead.
//| void
//| guard_data(int reg, struct state *s)
//| {
//| 	(void)reg, (void)s;
//| 	todo("5.3");
//| }
// END SOLUTION

// BEGIN SOLUTION 5.3b
// r9 := the word in the code segment whose address reg holds. BFI takes its field from bit 0.
static void
guard_code(int reg, const char *cond)
{
	emit("lsr%s r12, %s, #2", cond, reg_name(reg));
	emit("bfi%s r9, r12, #2, #18", cond);
}

static void
jump(int reg, const char *cond)
{
	guard_code(reg, cond);
	emit("bx%s r9", cond);
}

// What [rn, ...]! and [rn], ... add to rn, behind the access. Of 12 bits, not all fit into one immediate.
static void
writeback(const struct insn *i)
{
	const char *rn = reg_name(i->rn), *op = i->minus || i->imm < 0 ? "sub" : "add";
	int n = i->imm < 0 ? -i->imm : i->imm;

	if (i->rm != NOT_ONE) {
		emit("%s%s %s, %s, %s%s%s", op, i->cond, rn, rn, reg_name(i->rm), *i->shift ? ", " : "", i->shift);
		return;
	}
	if (!is_immediate(n)) {
		emit("%s%s %s, %s, #%d", op, i->cond, rn, rn, n & 0xff);
		n &= ~0xff;
	}
	if (n != 0)
		emit("%s%s %s, %s, #%d", op, i->cond, rn, rn, n);
}

// A load or a store of one register, or of two.
static void
access(const struct insn *i, struct state *s)
{
	bool pc = i->rt == PC && i->kind == LOAD;
	const char *data = pc ? "lr" : i->data;
	struct place p;

	if (i->rn == SP && i->rm == NOT_ONE) {
		p = (struct place){ SP, i->imm };
		if (i->mode == POST)
			emit("%s%s %s, [sp], #%d", i->op, i->cond, data, p.imm);
		else
			emit("%s%s %s, [sp, #%d]%s", i->op, i->cond, data, p.imm, i->mode == PRE ? "!" : "");
	} else {
		if (i->mode != POST && i->rm != NOT_ONE)
			p = place_indexed(i, s);
		else
			p = place_of(s->reg[i->rn], i->rn, i->mode == POST ? 0 : i->imm, i->range, s);
		emit("%s%s %s, [%s, #%d]", i->op, i->cond, data, reg_name(p.reg), p.imm);
		if (i->mode != OFFSET)
			writeback(i);
	}
	if (pc)
		jump(LR, i->cond);
}

static void
access_many(const struct insn *i, struct state *s)
{
	bool pc = i->kind == LOAD_MANY && i->list & 1u << PC;
	uint32_t list = pc ? (i->list & ~(1u << PC)) | 1u << LR : i->list;
	const char *mode = i->mode == OFFSET ? "" : "!";
	struct place p = { SP, 0 };

	if (i->rn != SP) {
		p = place_of(s->reg[i->rn], i->rn, 0, 0, s);
		mode = "";
	}
	emit("%s%s %s%s, %s", i->op, i->cond, reg_name(p.reg), mode, list_name(list));
	if (i->rn != SP && i->mode != OFFSET)
		writeback(i);
	if (pc)
		jump(LR, i->cond);
}
// INSTEAD
//| // TODO 5.3: accesses, with their writeback; jumps to what a register holds.
// END SOLUTION

// BEGIN SOLUTION 5.3c
// sp is to be what i computes: by the writeback of an access that nobody needs, if that is near.
static void
stack(const struct insn *i, struct state *s)
{
	struct value to = value_indexed(i, s);
	int32_t distance;

	if (values_near(to, s->reg[SP], &distance) && distance >= -4095 && distance <= 4095) {
		if (distance < 0)
			emit("str%s r12, [sp, #%d]!", i->cond, distance);
		else if (distance > 0)
			emit("ldr%s r12, [sp], #%d", i->cond, distance);
		return;
	}
	if (i->rm == NOT_ONE)
		emit("%s r12, %s, #%d", i->op, reg_name(i->rn), i->imm);
	else
		emit("%s r12, %s, %s%s%s", i->op, reg_name(i->rn), reg_name(i->rm), *i->shift ? ", " : "", i->shift);
	s->reg[R_SCRATCH] = to;
	guard_data(R_SCRATCH, s);
	emit("mov%s sp, r10", i->cond);
}
// INSTEAD
//| // TODO 5.3: the stack pointer.
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
	//| // TODO 5.3: guards, by the kind of instruction.
	//| (void)s;
	//| todo("5.3");
	//| emit("%s", i->text);
	// END SOLUTION
}
