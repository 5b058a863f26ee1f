// What is known of registers from instruction to instruction, by names: a value is what some instruction made (FRESH),
// where a symbol lies, or a sum of two others; and an offset. Equal names are equal values as long as no maker runs
// again: then its old name is taken from whoever has it.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rewriter.h"

// A name: by its number, from 1.
struct name {
	enum { FRESH, SYMBOL, SUM } what;
	int a, b;			// FRESH: line and slot. SUM: names; a is 0 for the number 0
	char text[64];			// SYMBOL: the expression. SUM: how b is shifted
	int next;			// of the same hash
};

static struct name *known;
static int count, first[4096];

static int
name(int what, int a, int b, const char *text)
{
	unsigned hash = (what * 31 + a) * 1021 + b * 7;
	static int room;

	for (const char *p = text; *p != '\0'; p++)
		hash = hash * 33 + (unsigned char)*p;
	hash %= 4096;
	for (int k = first[hash]; k != 0; k = known[k].next)
		if ((int)known[k].what == what && known[k].a == a && known[k].b == b &&
		    strcmp(known[k].text, text) == 0)
			return k;
	if (strlen(text) >= sizeof known->text)
		return 0;
	if (++count >= room) {
		room = room * 2 + 1024;
		known = realloc(known, room * sizeof *known);
		if (known == NULL)
			abort();
	}
	known[count] = (struct name){ .what = what, .a = a, .b = b, .next = first[hash] };
	strcpy(known[count].text, text);
	return first[hash] = count;
}

struct value
value_fresh(unsigned line, unsigned slot)
{
	return (struct value){ name(FRESH, line, slot, ""), 0 };
}

bool
value_mentions(int id, unsigned line)
{
	if (id == 0)
		return false;
	if (known[id].what == SUM)
		return value_mentions(known[id].a, line) || value_mentions(known[id].b, line);
	return known[id].what == FRESH && known[id].a == (int)line;
}

bool
values_near(struct value a, struct value b, int32_t *distance)
{
	*distance = (uint32_t)a.offset - (uint32_t)b.offset;
	return a.id != 0 && a.id == b.id;
}

static struct value
sum(struct value a, struct value b, bool minus, const char *shift)
{
	char how[16];
	int bits = 0;

	if (a.id == 0 || b.id == 0)
		return UNKNOWN;
	if (*shift == '\0' && !minus && b.id < a.id) {		// either order is the same sum
		struct value swap = a;

		a = b, b = swap;
	}
	if (*shift != '\0' && sscanf(shift, "lsl #%d", &bits) != 1) {
		snprintf(how, sizeof how, "%c%s", minus ? '-' : '+', shift);
		return b.offset != 0 ? UNKNOWN : (struct value){ name(SUM, a.id, b.id, how), a.offset };
	}
	snprintf(how, sizeof how, "%c%d", minus ? '-' : '+', bits);
	b.offset = (uint32_t)b.offset << bits;
	return (struct value){ name(SUM, a.id, b.id, how),
	    minus ? (uint32_t)a.offset - b.offset : (uint32_t)a.offset + b.offset };
}

struct value
value_indexed(const struct insn *i, const struct state *s)
{
	struct value v = s->reg[i->rn];

	if (i->rm != NOT_ONE)
		return sum(v, s->reg[i->rm], i->minus, i->shift);
	v.offset = (uint32_t)v.offset + (i->minus ? -i->imm : i->imm);
	return v;
}

int
register_with(struct value v, const struct state *s)
{
	int32_t distance;

	for (int reg = 0; reg < PC; reg++)
		if (reg != R_CODE && reg != R_SHARED && values_near(v, s->reg[reg], &distance) && distance == 0)
			return reg;
	return NOT_ONE;
}

// What a computation makes of its one result; UNKNOWN if that has no name.
static struct value
result(const struct insn *i, const struct state *s)
{
	struct insn sub = *i;
	char symbol[64];

	if (i->cond[0] != '\0' || (i->kind != COMPUTE && i->kind != STACK) || i->rd == NOT_ONE)
		return UNKNOWN;
	if (strcmp(i->op, "mov") == 0 && i->rm != NOT_ONE && *i->shift == '\0')
		return s->reg[i->rm];
	if (strcmp(i->op, "movt") == 0 && i->extra != NULL && sscanf(i->extra, "#:upper16:%55s", symbol) == 1) {
		int low = name(SYMBOL, 0, 0, format("low %s", symbol)), offset = 0;
		char *plus = strpbrk(symbol, "+-");

		if (s->reg[i->rd].id != low)
			return UNKNOWN;
		if (plus != NULL) {
			offset = atoi(plus);
			*plus = '\0';
		}
		return (struct value){ name(SYMBOL, 0, 0, symbol), offset };
	}
	if (strcmp(i->op, "movw") == 0 && i->extra != NULL && sscanf(i->extra, "#:lower16:%55s", symbol) == 1)
		return (struct value){ name(SYMBOL, 0, 0, format("low %s", symbol)), 0 };
	if ((strcmp(i->op, "add") != 0 && strcmp(i->op, "sub") != 0) || i->rn == NOT_ONE ||
	    (i->rm == NOT_ONE && !i->has_imm))
		return UNKNOWN;
	sub.minus = i->op[0] == 's';
	return value_indexed(&sub, s);
}

// Take a maker's names from whoever has them: it runs again.
static void
forget(unsigned line, struct state *s)
{
	for (int reg = 0; reg < 16; reg++)
		if (value_mentions(s->reg[reg].id, line))
			s->reg[reg] = value_fresh(line, 16 + reg);
	if (value_mentions(s->r10.id, line))
		s->r10 = UNKNOWN;
}

void
values_step(const struct insn *i, struct state *s)
{
	struct value made = result(i, s), base = UNKNOWN;
	uint32_t writes = i->writes;

	if (value_mentions(made.id, i->line))
		made = UNKNOWN;
	if (i->mode != OFFSET && i->rn != NOT_ONE) {
		writes |= 1u << i->rn;
		if (i->cond[0] == '\0')
			base = value_indexed(i, s);
		if (value_mentions(base.id, i->line))
			base = UNKNOWN;
	}
	forget(i->line, s);
	for (int reg = 0; reg < 16; reg++)
		if (writes & 1u << reg)
			s->reg[reg] = value_fresh(i->line, reg);
	if (made.id != 0)
		s->reg[i->rd] = made;
	if (base.id != 0)
		s->reg[i->rn] = base;
}
