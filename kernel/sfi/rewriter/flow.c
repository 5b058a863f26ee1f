// The way through the code: what is known at each label is what all ways to it agree on, found by going over the lines
// until nothing changes. Then once more, writing. At a loop's head everybody may be asked to come with r10 at one
// register's address, or to borrow sp: where that costs less, by a guess of how often each line runs, it stays so.

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rewriter.h"

#define PASSES 40
#define LOOKS_MAX 4000000
#define LOOP 8		// times a loop is gone through, by a guess

static struct state *at;		// by line, for labels
static bool *reached;
static bool changed, writing;
static bool plainly;			// what ways do not agree on is unknown, so that this comes to an end
static int *target;			// by line, of branches: the label's line
static uint64_t cost, looks;		// at lines: they are what takes time
static unsigned weight;
static bool lent;			// sp is, and r12 has what it was: whoever writes r12 now spoils it

void
emit_line(const char *text)
{
	cost += lent && strstr(text, "r12") != NULL ? UINT64_MAX / 4 : weight;
	if (writing)
		printf("\t%s\n", text);
}

void
emit(const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (!rival_emit(text))
		emit_line(text);
}

// r10 as a distance from what a register holds, the same in both states; UNKNOWN if there is none. Then in terms of
// `now`.
static struct value
shared_r10(const struct state *a, const struct state *b, const struct state *now)
{
	for (int reg = 0; reg < PC && !plainly; reg++) {
		int32_t da, db;

		if (values_near(a->r10, a->reg[reg], &da) && values_near(b->r10, b->reg[reg], &db) && da == db) {
			struct value v = now->reg[reg];

			v.offset = (uint32_t)v.offset + da;
			return v;
		}
	}
	return UNKNOWN;
}

// The value of a register that two ways do not agree on: new, or as far as on both from that of another.
static struct value
twin(const struct state *a, const struct state *b, const struct state *now, int reg, unsigned line)
{
	for (int other = 0; other < reg && !plainly; other++) {
		int32_t da, db;

		if (values_near(a->reg[reg], a->reg[other], &da) &&
		    values_near(b->reg[reg], b->reg[other], &db) && da == db) {
			struct value v = now->reg[other];

			v.offset = (uint32_t)v.offset + da;
			return v;
		}
	}
	return value_fresh(line, reg);
}

// One way more leads to a label, with s.
static void
meet(int label, const struct state *s)
{
	unsigned line = lines[label].number;
	struct state old = reached[label] ? at[label] : *s, now = old;

	for (int reg = 0; reg < 16; reg++)
		if (old.reg[reg].id != s->reg[reg].id || old.reg[reg].offset != s->reg[reg].offset ||
		    lines[label].entry || value_mentions(s->reg[reg].id, line))
			now.reg[reg] = lines[label].entry ? value_fresh(line, reg) : twin(&old, s, &now, reg, line);
	if (lines[label].entry)
		now.r10 = UNKNOWN;
	else if (old.r10.id != s->r10.id || old.r10.offset != s->r10.offset || value_mentions(s->r10.id, line))
		now.r10 = shared_r10(&old, s, &now);
	if (!reached[label] || memcmp(&now, &at[label], sizeof now) != 0)
		changed = true;
	at[label] = now;
	reached[label] = true;
}

// Before control goes to a label: what is asked for there.
static void
bring(int label, struct state *s)
{
	int want = lines[label].want;
	int32_t distance;

	if (want != NOT_ONE && !(values_near(s->r10, s->reg[want], &distance) && distance == 0))
		guard_data(want, s);
}

// A loop that goes through memory with a pointer borrows sp for it, whose accesses need no guard even where they move
// it: r12 keeps sp until the loop ends. The pointer itself is moved, too; it is equal to sp but for the megabyte.
static void
stream_begin(int reg, struct state *s)
{
	int32_t distance;

	emit("mov r12, sp");
	s->reg[R_SCRATCH] = s->reg[SP];
	if (!values_near(s->r10, s->reg[reg], &distance) || distance != 0)
		guard_data(reg, s);
	emit("mov sp, r10");
	s->reg[SP] = s->reg[reg];
}

static void
stream_access(const struct insn *i, struct state *s)
{
	int n = i->imm;

	emit(i->mode == POST ? "%s %s, [sp], #%d" : "%s %s, [sp, #%d]!", i->op, i->data, n);
	emit("%s %s, %s, #%d", n < 0 ? "sub" : "add", reg_name(i->rn), reg_name(i->rn), n < 0 ? -n : n);
	values_step(i, s);
	s->reg[SP] = s->reg[i->rn];
}

static void
stream_end(struct state *s)
{
	weight /= LOOP;
	guard_data(R_SCRATCH, s);
	emit("mov sp, r10");
	s->reg[SP] = s->reg[R_SCRATCH];
}

// The pointer that a loop, from its label to its branch, could go through memory with; NOT_ONE if it is no such loop.
static int
stream(int label, int branch)
{
	int reg = NOT_ONE;

	if (lines[label].entry || lines[label].table || lines[branch].insn.cond[0] == '\0')
		return NOT_ONE;
	for (int k = 0; k < line_count; k++)		// nobody else comes here
		if (target[k] == label && k != branch)
			return NOT_ONE;
	for (int k = label + 1; k < branch; k++) {
		const struct insn *i = &lines[k].insn;
		bool access = i->kind == LOAD || i->kind == STORE;

		if (lines[k].what != INSN || (i->kind != COMPUTE && !access) || strstr(i->text, "sp") != NULL ||
		    (access && i->rm != NOT_ONE && (i->kind == STORE || i->cond[0] != '\0' || i->mode != OFFSET)))
			return NOT_ONE;
		if (!access || i->mode == OFFSET || i->cond[0] != '\0' || reg != NOT_ONE ||
		    !is_immediate(abs(i->imm)) || (stores_only && i->kind == LOAD))
			continue;
		reg = i->rn;
	}
	for (int k = label + 1, moves = 0; reg != NOT_ONE && k < branch; k++) {
		const struct insn *i = &lines[k].insn;

		moves += i->kind != COMPUTE && i->mode != OFFSET && i->rn == reg;
		if (i->writes & 1u << reg || moves > 1)
			return NOT_ONE;
	}
	return reg;
}

static bool
goes_on(const struct insn *i)
{
	bool jumps = i->kind == BRANCH || i->kind == JUMP || i->kind == TRAP || i->writes & 1u << PC;

	return !jumps || (i->cond[0] != '\0' && i->kind != TRAP);
}

void
emit_text(const char *text)
{
	if (writing)
		printf("%s\n", text);
}

// One way over all lines.
static void
pass(void)
{
	static const struct state nothing;
	struct state s = nothing;
	bool here = false;
	int head = -1;			// of the loop that has sp

	cost = 0;
	for (int k = 0; k < line_count; k++) {
		const struct line *l = &lines[k];

		if (l->what == INSN || l->what == TABLE || l->what == ENTRY)
			weight = l->weight;		// what is brought to a label belongs to the line before
		switch (l->what) {
		case LABEL:
			if (!l->code) {
				emit_text(format("%s:", l->text));
				break;
			}
			if (here)
				bring(k, &s);
			if (here && l->stream != NOT_ONE) {
				stream_begin(l->stream, &s);
				head = k;
			}
			if (l->entry && !reached[k])
				meet(k, &s);
			else if (here)
				meet(k, &s);
			here = reached[k];
			s = here ? at[k] : nothing;
			rival_label(l);
			emit_text(format("%s:", l->text));
			break;
		case TABLE:
			if (!rival_table(l)) {
				emit("movw%s r12, #:lower16:%s", l->insn.cond, l->insn.target);
				emit("movt%s r12, #:upper16:%s", l->insn.cond, l->insn.target);
				emit("%s", l->insn.text);
				emit("lsr%s r12, r12, #2", l->insn.cond);
				emit("bfi%s r9, r12, #2, #18", l->insn.cond);
				emit("bx%s r9", l->insn.cond);
			}
			values_step(&l->insn, &s);
			s.reg[R_SCRATCH] = value_fresh(l->number, R_SCRATCH);
			if (here)
				meet(target[k], &s);
			here = here && l->insn.cond[0] != '\0';
			break;
		case ENTRY:
			if (!rival_entry(l))
				emit("b %s", l->text);
			if (here)
				meet(target[k], &s);
			here = here && lines[k + 1].what == ENTRY;
			break;
		case INSN:
			if (!here && !writing)
				break;
			if (l->insn.kind == TRAP && !rival_guard(k, &s)) {
				emit("mov r12, #0");		// nothing is mapped there
				emit("bfi r10, r12, #0, #20");
				emit("ldr r12, [r10]");
			} else if (l->insn.kind != TRAP) {
				if (l->insn.kind == BRANCH && target[k] >= 0 && here)
					bring(target[k], &s);
				if (head >= 0 && l->insn.mode != OFFSET && l->insn.rn == lines[head].stream &&
				    l->insn.kind != COMPUTE) {
					stream_access(&l->insn, &s);
					break;
				}
				lent = head >= 0;
				if (stores_only && (l->insn.kind == LOAD || l->insn.kind == LOAD_MANY) &&
				    !(l->insn.writes & 1u << PC))
					emit("%s", l->insn.text);
				else if (!rival_guard(k, &s))
					guard(&l->insn, &s);
				lent = false;
				if (l->insn.kind == STACK)		// by way of r12
					s.reg[R_SCRATCH] = value_fresh(l->number, 16 + R_SCRATCH);
				if (l->insn.kind == BRANCH && target[k] >= 0 && here)
					meet(target[k], &s);
				values_step(&l->insn, &s);
				if (head >= 0 && target[k] == head) {
					stream_end(&s);
					head = -1;
				}
			}
			here = here && goes_on(&l->insn);
			break;
		default:
			emit_text(format("\t%s", l->text));
		}
	}
}

// What is known everywhere, for what is asked for now.
static uint64_t
settle(void)
{
	memset(reached, 0, line_count * sizeof *reached);
	memset(at, 0, line_count * sizeof *at);
	for (int n = 0; n < PASSES; n++) {
		changed = false;
		plainly = n > PASSES / 2;
		looks += line_count;
		pass();
		if (!changed)
			return cost;
	}
	return UINT64_MAX;
}

// Labels that control comes to from elsewhere: functions, and those whose address somebody takes.
static void
find_ways(void)
{
	target = malloc(line_count * sizeof *target);
	for (int k = 0; k < line_count; k++)
		lines[k].stream = NOT_ONE;
	at = malloc(line_count * sizeof *at);
	reached = malloc(line_count * sizeof *reached);
	if (target == NULL || at == NULL || reached == NULL)
		abort();
	for (int k = 0; k < line_count; k++) {
		struct line *l = &lines[k];
		const char *name = l->what == TABLE || l->what == INSN ? l->insn.target :
		    l->what == ENTRY ? l->text : NULL;

		target[k] = name != NULL ? label_find(name) : -1;
		l->weight = 1;
		if (l->what == LABEL && strncmp(l->text, ".L", 2) != 0)
			l->entry = true;
		if (l->what == TEXT && strncmp(l->text, ".size", 5) != 0 && strncmp(l->text, ".set", 4) != 0)
			name = l->text;
		else if (l->what == INSN && l->insn.extra != NULL)
			name = l->insn.extra;
		else
			continue;
		for (const char *p = name; (p = strstr(p, ".L")) != NULL; p++) {
			char label[64];
			int found;

			if (sscanf(p, "%63[A-Za-z0-9._$]", label) == 1 && (found = label_find(label)) >= 0)
				lines[found].entry = true;
		}
	}
	for (int k = 0; k < line_count; k++)		// loops
		if (lines[k].what == INSN && lines[k].insn.kind == BRANCH && target[k] >= 0 && target[k] < k)
			for (int n = target[k]; n <= k; n++)
				if (lines[n].weight < 1 << 18)
					lines[n].weight *= LOOP;
}

// Ask for r10 at the heads of loops, where that is worth it.
static void
ask(void)
{
	uint64_t best = settle();

	for (int k = line_count - 1; k >= 0 && looks < LOOKS_MAX / 2; k--) {
		struct line *l = &lines[target[k] >= 0 ? target[k] : k];
		uint32_t bases = 0;

		if (target[k] < 0 || target[k] > k || lines[k].insn.kind != BRANCH || l->want != NOT_ONE || l->entry ||
		    l->table || lines[k].what != INSN)
			continue;
		for (int n = target[k]; n < k; n++)
			if (lines[n].what == INSN && lines[n].insn.kind >= LOAD && lines[n].insn.kind <= STORE_MANY)
				bases |= 1u << lines[n].insn.rn;
		for (int reg = 0; reg < SP; reg++) {
			uint64_t now;
			int before = l->want;

			if (!(bases & 1u << reg))
				continue;
			l->want = reg;
			now = settle();
			if (now < best)
				best = now;
			else
				l->want = before;
		}
	}
	for (int k = 0; k < line_count && looks < LOOKS_MAX; k++)
		if (lines[k].what == INSN && lines[k].insn.kind == BRANCH && target[k] >= 0 && target[k] < k) {
			struct line *l = &lines[target[k]];
			int before = l->want;
			uint64_t now;

			l->stream = stream(target[k], k);
			if (l->stream == NOT_ONE)
				continue;
			if (l->want == l->stream)
				l->want = NOT_ONE;
			now = settle();
			if (now < best) {
				best = now;
			} else {
				l->stream = NOT_ONE;
				l->want = before;
			}
		}
}

void
flow(void)
{
	find_ways();
	if (design <= MATCHING)			// the others do not share
		ask();
	if (settle() == UINT64_MAX) {
		fprintf(stderr, "rewrite: what guard() says of r10 changes with every look\n");
		exit(1);
	}
}

void
flow_write(void)
{
	writing = true;
	pass();					// (plainly, or not, as the last time)
}
