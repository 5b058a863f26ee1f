// What is data among code: literal pools become constants in instructions, a switch's table a row of branches behind a
// guarded jump.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rewriter.h"

static struct pool {
	int at;				// its label's line
	const char *text;
	struct pool *next;
} *pools;

int
label_find(const char *name)
{
	for (int k = 0; k < line_count; k++)
		if (lines[k].what == LABEL && lines[k].code && strcmp(lines[k].text, name) == 0)
			return k;
	return -1;
}

// The word of a pool that a load names, as ".L3" or ".L3+4", `more` bytes further.
static const char *
literal(const struct insn *i, int more)
{
	char *name = format("%s", i->target), *plus = strchr(name, '+');
	int at, skip = (more + (plus != NULL ? atoi(plus + 1) : 0)) / 4;

	if (plus != NULL)
		*plus = '\0';
	at = label_find(name);
	while (at >= 0 && ++at < line_count && (lines[at].what == WORD || lines[at].what == LABEL ||
	    (lines[at].what == TEXT && strncmp(lines[at].text, ".align", 6) == 0)))
		if (lines[at].what == WORD && skip-- == 0)
			return lines[at].text;
	refuse(i, "there is no such literal");
}

static struct line
constant(const struct insn *i, const char *op, int reg, const char *value)
{
	struct line line = { .what = INSN, .number = i->line, .code = true, .want = NOT_ONE, .stream = NOT_ONE };

	line.text = format("%s%s %s, #%s", op, i->cond, reg_name(reg), value);
	parse_insn(&line.insn, i->line, line.text);
	return line;
}

// The instructions that load a literal: how many, at most 4.
static int
load_literal(const struct insn *i, struct line out[4])
{
	int n = 0;

	if ((strcmp(i->op, "ldr") != 0 && strcmp(i->op, "ldrd") != 0) || i->writes >> SP != 0)
		if (i->writes != 1u << LR)
			refuse(i, "this literal cannot be loaded so");
	for (int k = 0; k == 0 || (k == 1 && strcmp(i->op, "ldrd") == 0); k++) {
		const char *word = literal(i, 4 * k);
		char *end;
		uint32_t number = strtoll(word, &end, 0);

		if (end != word && *end == '\0') {
			out[n++] = constant(i, "movw", i->rt + k, format("%u", number & 0xffff));
			if (number >> 16 != 0)
				out[n++] = constant(i, "movt", i->rt + k, format("%u", number >> 16));
		} else {
			out[n++] = constant(i, "movw", i->rt + k, format(":lower16:%s", word));
			out[n++] = constant(i, "movt", i->rt + k, format(":upper16:%s", word));
		}
	}
	return n;
}

// adr r1, .L3: what is there goes to read-only data, under another name.
static int
move_pool(const struct insn *i, struct line out[2])
{
	const char *plus = i->target + strcspn(i->target, "+");
	int at = label_find(format("%.*s", (int)(plus - i->target), i->target));
	char *name;

	if (at < 0 || lines[at + 1].what != WORD)
		refuse(i, "this is no address of a literal");
	name = format(".Lpool%d", at);
	for (struct pool *p = pools; p != NULL && name != NULL; p = p->next)
		if (p->at == at)
			name = NULL;
	if (name != NULL) {
		struct pool *p = malloc(sizeof *p);

		if (p == NULL)
			abort();
		*p = (struct pool){ at, format("\t.section .rodata\n\t.align 3\n%s:", name), pools };
		for (int k = at + 1; k < line_count && lines[k].what == WORD; k++)
			p->text = format("%s\n\t.word %s", p->text, lines[k].text);
		pools = p;
	}
	out[0] = constant(i, "movw", i->rd, format(":lower16:.Lpool%d%s", at, plus));
	out[1] = constant(i, "movt", i->rd, format(":upper16:.Lpool%d%s", at, plus));
	return 2;
}

// ldrls pc, [pc, r3, lsl #2]; b default; the table's label; its words.
static void
table(int at)
{
	struct line *l = &lines[at];
	char cond[4] = "", reg[8];
	int entries = 0;

	if (sscanf(l->text, "ldr%3[a-z]\tpc, [pc, %7[a-z0-9], %*[a-z] #2]", cond, reg) != 2 &&
	    sscanf(l->text, "ldr\tpc, [pc, %7[a-z0-9], %*[a-z] #2]", reg) != 1)
		refuse_line(l->number, "`%s': this jump is not known", l->text);
	if (at + 3 >= line_count || lines[at + 1].what != INSN || lines[at + 1].insn.kind != BRANCH ||
	    lines[at + 2].what != LABEL)
		refuse_line(l->number, "`%s': there is no table behind this jump", l->text);
	parse_insn(&l->insn, l->number, format("add%s r12, r12, %s, lsl #2", cond, reg));
	lines[at + 2].table = true;
	for (int k = at + 3; k < line_count && lines[k].what == WORD; k++, entries++) {
		int target = label_find(lines[k].text);

		if (target < 0)
			refuse_line(lines[k].number, "`%s': this is no label of the code", lines[k].text);
		lines[k].what = ENTRY;
		lines[target].table = true;
	}
	l->insn.target = lines[at + 2].text;
	if (entries == 0)
		refuse_line(l->number, "`%s': there is no table behind this jump", l->text);
}

void
tables(void)
{
	int old_count = line_count, n = 0;
	struct line *old;

	for (int k = 0; k < line_count; k++)
		if (lines[k].what == TABLE)
			table(k);
	old = lines;
	lines = malloc(5 * old_count * sizeof *lines);
	if (lines == NULL)
		abort();
	for (int k = 0; k < old_count; k++) {
		struct line made[4], *l = &old[k];
		int count = 1;

		made[0] = *l;
		if (l->what == INSN && l->insn.kind == LOAD && l->insn.target != NULL) {
			struct line *now = lines;

			lines = old, line_count = old_count;	// literals are looked up there
			count = load_literal(&l->insn, made);
			lines = now;
		} else if (l->what == INSN && strcmp(l->insn.op, "adr") == 0) {
			struct line *now = lines;

			lines = old, line_count = old_count;
			count = move_pool(&l->insn, made);
			lines = now;
		} else if (l->what == WORD) {
			count = 0;
		}
		memcpy(&lines[n], made, count * sizeof made[0]);
		n += count;
	}
	line_count = n;
	for (struct pool *p = pools; p != NULL; p = p->next)
		lines[line_count++] = (struct line){ .text = p->text, .want = NOT_ONE, .stream = NOT_ONE };
	free(old);
}
