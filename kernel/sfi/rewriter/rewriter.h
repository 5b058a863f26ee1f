// What the rewriter's files share, beyond what guard.c sees (sfi/rewrite.h).
#pragma once

#include <sfi/rewrite.h>
#include <stddef.h>

// One line of the input, or an instruction that stands for a part of one.
struct line {
	enum { TEXT, LABEL, WORD, INSN, TABLE, ENTRY } what;	// ENTRY: one of a switch's table, now a branch
	unsigned number;
	bool code;			// it stands in .text
	const char *text;		// without comments; a label's name, a word's expression, an entry's target
	struct insn insn;
	// Labels:
	bool entry;			// control comes here from who knows where
	bool table;			// or by a switch's table
	int want;			// whoever comes here brings this register's address in r10
	int stream;			// the pointer that sp is, in the loop that begins here
	unsigned weight;		// INSN, TABLE: how often it may be executed, by a guess
};

extern struct line *lines;
extern int line_count;
extern bool stores_only;		// --stores: loads stay as they are
extern enum design { FIRST, MATCHING, BUNDLES, UNPRIVILEGED } design;

// parse.c
void parse_file(const char *name);
bool parse_insn(struct insn *i, unsigned number, const char *text);	// false: no mnemonic that is known
void refuse_line(unsigned number, const char *why, ...) __attribute__((noreturn, format(printf, 2, 3)));
char *format(const char *format, ...) __attribute__((format(printf, 1, 2)));

// tables.c: literal pools become constants in instructions, switch tables branches.
void tables(void);

// values.c
struct value value_fresh(unsigned line, unsigned slot);
bool value_mentions(int id, unsigned line);
void values_step(const struct insn *i, struct state *s);

// flow.c
int label_find(const char *name);	// the line of a code label, -1 if there is none
void flow(void);
void flow_write(void);			// on stdout
void emit_line(const char *text);	// as it is, one instruction
void emit_text(const char *text);	// and what is none

// rivals.c: the other designs. Each says whether it has written what was to be written.
bool rival_emit(const char *text);			// instead of a line that is emitted
bool rival_guard(int k, struct state *s);		// instead of guard()
bool rival_label(const struct line *l);			// before a label of the code
bool rival_table(const struct line *l);			// a switch's jump
bool rival_entry(const struct line *l);			// and an entry of its table
