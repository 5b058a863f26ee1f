// The rivals of the first design, measured beside it. Their verifiers (kernel/sfi/rivals) say why their rules are
// sound; this is what is written so that they accept it.
//
//   --match         Segment matching (Wahbe et al. 1993, section 3.2), a change to what guard() writes. r8 holds where
//                   the data segment begins. An address's distance from there, saturated to 20 bits, is the address
//                   again or leads to an unmapped page, so that the access itself traps; no flag is touched. Flags
//                   are dead where a jump is: its address is compared with what it would be, UDF behind it.
//   --bundles       Native Client on ARM (Sehr et al. 2010). Code is in bundles of 16 bytes. Addresses are masked in
//                   place, by the word before, in the same bundle; calls end a bundle; what is jumped to begins one.
//                   No register is kept, but the rewriter's scratch, r12.
//   --unprivileged  LDRT and STRT: the MMU judges. They add to their base behind the access and know no other mode,
//                   so an address that is no register's is made in r12, and moved on to where the next access wants
//                   it. Stack and jumps as in the first design; of several registers at once, as many accesses.

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rewriter.h"

#define UDF    "udf #0"
#define BUNDLE 4			// words

static unsigned at;			// words since a bundle began

static void __attribute__((format(printf, 1, 2)))
line(const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	emit_line(text);
	at = (at + 1) % BUNDLE;
}

static const char *
opposite(const char *cond)
{
	static const char pairs[][2][3] = {
		{ "eq", "ne" }, { "cs", "cc" }, { "hs", "lo" }, { "mi", "pl" },
		{ "vs", "vc" }, { "hi", "ls" }, { "ge", "lt" }, { "gt", "le" }
	};

	for (size_t k = 0; k < sizeof pairs / sizeof pairs[0]; k++)
		for (int side = 0; side < 2; side++)
			if (strcmp(cond, pairs[k][side]) == 0)
				return pairs[k][1 - side];
	abort();
}

// Matching: the guards that guard() emits, with a comparison. A jump's guard is three lines, the first of which says
// whose address it is.
static bool
match(const char *text)
{
	static char from[8], cond[4];
	char reg[8];

	if (sscanf(text, "bfi r10, %7[a-z0-9], #0, #20", reg) == 1) {
		line("sub r10, %s, r8", reg);
		line("usat r10, #20, r10");
		line("orr r10, r10, r8");
		return true;
	}
	cond[0] = strncmp(text, "lsr", 3) == 0 ? '\0' : cond[0];
	if (sscanf(text, "lsr r12, %7[a-z0-9], #2", from) == 1 ||
	    sscanf(text, "lsr%3[a-z] r12, %7[a-z0-9], #2", cond, from) == 2) {
		if (strcmp(from, "r12") == 0) {		// a switch's, whose bounds the compiler sees to
			from[0] = '\0';
			return false;
		}
		if (cond[0] != '\0')
			line("b%s 9f", opposite(cond));
		line("lsr r12, %s, #2", from);
		return true;
	}
	if (from[0] == '\0')
		return false;
	if (strncmp(text, "bfi", 3) == 0) {
		line("bfi r9, r12, #2, #18");
		return true;
	}
	if (strncmp(text, "bx", 2) == 0) {
		line("cmp r9, %s", from);
		line("bxeq r9");
		line(UDF);
	} else if (strncmp(text, "blx", 3) == 0) {
		line("cmp r9, %s", from);
		line("beq 8f");
		line(UDF);
		emit_text("8:");
		line("blx r9");
	} else {
		return false;
	}
	from[0] = '\0';
	if (cond[0] != '\0')
		emit_text("9:");
	return true;
}

bool
rival_emit(const char *text)
{
	return design == MATCHING && match(text);
}

// to := what i's address is, or what it adds to its base.
static void
compute(int to, const struct insn *i, const char *cond)
{
	const char *op = i->minus != (i->imm < 0) ? "sub" : "add", *a = reg_name(to), *b = reg_name(i->rn);
	int n = abs(i->imm);

	if (i->rm != NOT_ONE) {
		line("%s%s %s, %s, %s%s%s", op, cond, a, b, reg_name(i->rm), *i->shift ? ", " : "", i->shift);
		return;
	}
	if (!is_immediate(n)) {
		line("%s%s %s, %s, #%d", op, cond, a, b, n & 0xff);
		b = a;
		n &= ~0xff;
	}
	line("%s%s %s, %s, #%d", op, cond, a, b, n);
}

// Bundles: n words that have to be in one; n words that have to end one.
static void
together(unsigned n)
{
	while (at + n > BUNDLE)
		line("nop");
}

static void
ending(unsigned n)
{
	while ((at + n) % BUNDLE != 0)
		line("nop");
}

static void
masked(int reg, const char *cond)
{
	together(2);
	line("bic%s %s, %s, #0xc0000000", cond, reg_name(reg), reg_name(reg));
}

static void
masked_jump(int reg, const char *cond)
{
	together(2);
	line("bic%s %s, %s, #0xc000000f", cond, reg_name(reg), reg_name(reg));
	line("bx%s %s", cond, reg_name(reg));
}

static void
bundled_access(const struct insn *i)
{
	bool pc = i->kind == LOAD && i->rt == PC, moved = i->rm != NOT_ONE;
	const char *data = pc ? "lr" : i->data;
	int base = i->rn;

	if (moved && i->mode == OFFSET) {
		base = i->kind == LOAD && i->cond[0] == '\0' && !pc ? i->rt : R_SCRATCH;
		compute(base, i, i->cond);
	} else if (moved && i->mode == PRE) {
		compute(base, i, i->cond);
	}
	if (base != SP)
		masked(base, i->cond);
	if (moved)
		line("%s%s %s, [%s]", i->op, i->cond, data, reg_name(base));
	else if (i->mode == POST)
		line("%s%s %s, [%s], #%d", i->op, i->cond, data, reg_name(base), i->imm);
	else
		line("%s%s %s, [%s, #%d]%s", i->op, i->cond, data, reg_name(base), i->imm, i->mode == PRE ? "!" : "");
	if (moved && i->mode == POST)
		compute(base, i, i->cond);
	if (pc)
		masked_jump(LR, i->cond);
}

static void
bundled_accesses(const struct insn *i)
{
	bool pc = i->kind == LOAD_MANY && i->list & 1u << PC;

	if (i->rn != SP)
		masked(i->rn, i->cond);
	line("%s%s %s%s, %s", i->op, i->cond, reg_name(i->rn), i->mode == OFFSET ? "" : "!",
	    list_name(pc ? (i->list & ~(1u << PC)) | 1u << LR : i->list));
	if (pc)
		masked_jump(LR, i->cond);
}

static void
bundled(const struct insn *i)
{
	switch (i->kind) {
	case LOAD:
	case STORE:
		bundled_access(i);
		break;
	case LOAD_MANY:
	case STORE_MANY:
		bundled_accesses(i);
		break;
	case STACK:
		together(2);
		line("%s", i->text);
		line("bic%s sp, sp, #0xc0000000", i->cond);
		break;
	case JUMP:
		masked_jump(i->rm, i->cond);
		break;
	case CALL_TO:
		ending(2);
		line("bic%s %s, %s, #0xc000000f", i->cond, reg_name(i->rm), reg_name(i->rm));
		line("blx%s %s", i->cond, reg_name(i->rm));
		break;
	case CALL:
		ending(1);
		line("%s", i->text);
		break;
	case TRAP:
		line(UDF);
		break;
	default:
		line("%s", i->text);
	}
}

bool
rival_label(const struct line *l)
{
	if (design != BUNDLES || !(l->entry || l->table))
		return false;
	emit_text("\t.p2align 4");
	at = 0;
	return true;
}

// A table's entry is a bundle: 16 bytes, of which the branch is the first four.
bool
rival_table(const struct line *l)
{
	const char *cond = l->insn.cond, *text = l->insn.text;

	if (design != BUNDLES)
		return false;
	line("movw%s r12, #:lower16:%s", cond, l->insn.target);
	line("movt%s r12, #:upper16:%s", cond, l->insn.target);
	line("%.*s4", (int)strlen(text) - 1, text);
	masked_jump(R_SCRATCH, cond);
	return true;
}

bool
rival_entry(const struct line *l)
{
	if (design != BUNDLES)
		return false;
	line("b %s", l->text);
	ending(0);
	return true;
}

// Unprivileged: how far from `now` is the address that the next access behind line k will want in r12; 0 if none will.
static int
next_wants(int k, struct value now, const struct state *s, int range)
{
	uint32_t written = lines[k].insn.writes;

	for (k++; k < line_count && lines[k].what == INSN; k++) {
		const struct insn *i = &lines[k].insn;
		int32_t by;

		if (i->kind == LOAD || i->kind == STORE) {
			struct value v;

			if (i->rm != NOT_ONE || i->mode != OFFSET || i->rn == SP || written & 1u << i->rn ||
			    (i->imm == 0 && i->rt != i->rn))
				return 0;
			v = s->reg[i->rn];
			v.offset = (uint32_t)v.offset + i->imm;
			return values_near(v, now, &by) && by <= range && by >= -range ? by : 0;
		}
		if (i->kind != COMPUTE)
			return 0;
		written |= i->writes;
	}
	return 0;
}

// One register's access, to what `reg` holds, which is moved by `by`.
static void
judged(const char *op, const char *cond, const char *data, int reg, int by)
{
	line("%st%s %s, [%s], #%d", op, cond, data, reg_name(reg), by);
}

static void
judged_access(int k, struct state *s)
{
	const struct insn *i = &lines[k].insn;
	bool pair = strcmp(i->op + 3, "d") == 0, pc = i->kind == LOAD && i->rt == PC;
	const char *data = pc ? "lr" : reg_name(i->rt), *cond = i->cond;
	char op[12];
	int base = i->rn, by = i->mode == POST && i->rm == NOT_ONE ? i->imm : 0;
	struct value v = s->reg[i->rn];
	int32_t d;

	strcpy(op, i->op);
	if (pair)
		op[3] = '\0';
	if (i->mode == OFFSET) {
		int rt = pc ? LR : i->rt;

		v = value_indexed(i, s);
		if (values_near(v, s->reg[SP], &d) && d <= i->range && d >= -i->range) {
			line("%s%s %s, [sp, #%d]", i->op, cond, pc ? data : i->data, d);
			goto out;
		}
		base = register_with(v, s);
		if (base == SP || (base == rt || (pair && base == rt + 1)) || base == NOT_ONE)
			base = R_SCRATCH;
		if (base == R_SCRATCH) {
			if (!values_near(v, s->reg[R_SCRATCH], &d))
				compute(R_SCRATCH, i, "");
			else if (d != 0 && is_immediate(abs(d)))
				line("%s r12, r12, #%d", d < 0 ? "sub" : "add", abs(d));
			else if (d != 0)
				compute(R_SCRATCH, i, "");
			if (cond[0] == '\0')
				by = next_wants(k, v, s, i->range);
			v.offset = (uint32_t)v.offset + by;
			s->reg[R_SCRATCH] = v;
		}
	} else if (i->mode == PRE) {
		compute(i->rn, i, cond);
	}
	if (pair) {				// its mode is OFFSET, or base is not among the two
		judged(op, cond, data, base, 4);
		judged(op, cond, reg_name(i->rt + 1), base, by - 4);
	} else {
		judged(op, cond, data, base, by);
	}
	if (i->mode == POST && i->rm != NOT_ONE)
		compute(i->rn, i, cond);
out:
	if (pc) {
		struct insn jump = { .kind = JUMP, .cond = "", .rm = LR };

		strcpy(jump.cond, cond);
		guard(&jump, s);
	}
}

static void
judged_accesses(int k, struct state *s)
{
	const struct insn *i = &lines[k].insn;
	bool loads = i->kind == LOAD_MANY, pc = loads && i->list & 1u << PC;
	bool full = !loads && strcmp(i->op + 3, "fd") == 0;		// stmdb's other name
	bool down = i->op[3] == 'd' || full, before = strcmp(i->op + 4, "b") == 0 || full;
	uint32_t list = pc ? (i->list & ~(1u << PC)) | 1u << LR : i->list;
	int count = __builtin_popcount(list), base = list & 1u << i->rn ? R_SCRATCH : i->rn;
	int first = down ? 4 * !before - 4 * count : 4 * before;
	int last = i->mode == OFFSET ? 0 : i->imm, at_now = first;

	if (first != 0 || base != i->rn) {
		struct insn to = { .rn = i->rn, .rm = NOT_ONE, .imm = first };

		compute(base, &to, base == R_SCRATCH ? "" : i->cond);
	}
	for (int reg = 0, n = 0; reg < 16; reg++)
		if (list & 1u << reg) {
			int by = ++n < count ? 4 : base == R_SCRATCH ? 0 : last - at_now;

			judged(loads ? "ldr" : "str", i->cond, reg_name(reg), base, by);
			at_now += by;
		}
	if (base == R_SCRATCH && last != 0)
		refuse(i, "what is loaded cannot move the base");
	if (base == R_SCRATCH)
		s->reg[R_SCRATCH] = UNKNOWN;
	if (pc) {
		struct insn jump = { .kind = JUMP, .cond = "", .rm = LR };

		strcpy(jump.cond, i->cond);
		guard(&jump, s);
	}
}

bool
rival_guard(int k, struct state *s)
{
	const struct insn *i = &lines[k].insn;

	if (design == BUNDLES) {
		bundled(i);
		return true;
	}
	if (design != UNPRIVILEGED || (i->rn == SP && (i->rm == NOT_ONE || i->mode != OFFSET)))
		return false;
	if (i->kind == LOAD || i->kind == STORE)
		judged_access(k, s);
	else if (i->kind == LOAD_MANY || i->kind == STORE_MANY)
		judged_accesses(k, s);
	else
		return false;
	return true;
}
