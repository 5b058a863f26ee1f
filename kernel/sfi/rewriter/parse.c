// From text to lines and instructions: the assembly that GCC writes, and no other. What is not known here is refused,
// with its line.

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rewriter.h"

struct line *lines;
int line_count;
static const char *file_name;

char *
format(const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		abort();
	va_end(ap);
	return text;
}

void
refuse_line(unsigned number, const char *why, ...)
{
	va_list ap;

	va_start(ap, why);
	fprintf(stderr, "%s:%u: error: ", file_name, number);
	vfprintf(stderr, why, ap);
	fputc('\n', stderr);
	exit(1);
}

void
refuse(const struct insn *i, const char *why)
{
	refuse_line(i->line, "`%s': %s", i->text, why);
}

static const char *const names[16] = {
	"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "fp", "r12", "sp", "lr", "pc"
};

const char *
reg_name(int reg)
{
	return names[reg & 15];
}

const char *
list_name(uint32_t list)
{
	static char text[80];
	char *p = text;

	*p++ = '{';
	for (int reg = 0; reg < 16; reg++)
		if (list & 1u << reg)
			p += sprintf(p, "%s%s", p == text + 1 ? "" : ", ", names[reg]);
	strcpy(p, "}");
	return text;
}

bool
is_immediate(uint32_t n)
{
	for (int turn = 0; turn < 32; turn += 2)
		if ((n << turn | n >> ((32 - turn) & 31)) < 256)
			return true;
	return false;
}

static int
reg_number(const char *text)
{
	static const char *const more[] = { "sb", "sl", "r11", "ip", "r13", "r14", "r15" };

	for (int reg = 0; reg < 16; reg++)
		if (strcmp(text, names[reg]) == 0)
			return reg;
	for (int reg = 9; reg < 16; reg++)
		if (strcmp(text, more[reg - 9]) == 0)
			return reg;
	return NOT_ONE;
}

static bool
is_shift(const char *text)
{
	return strncmp(text, "lsl", 3) == 0 || strncmp(text, "lsr", 3) == 0 || strncmp(text, "asr", 3) == 0 ||
	    strncmp(text, "ror", 3) == 0 || strncmp(text, "asl", 3) == 0 || strcmp(text, "rrx") == 0;
}

static void
set_shift(struct insn *i, const char *text)
{
	if (strlen(text) >= sizeof i->shift)
		refuse(i, "this shift is not known");
	strcpy(i->shift, text);
	if (strncmp(i->shift, "asl", 3) == 0)
		memcpy(i->shift, "lsl", 3);
}

static int
number(const struct insn *i, const char *text)
{
	char *end;
	long long n = strtoll(text, &end, 0);

	if (end == text || *end != '\0')
		refuse(i, "this is no number");
	return n;
}

// Operands between commas that are in no brackets; in place. At most 8.
static int
split(char *text, char *part[8])
{
	int n = 0, depth = 0;

	while (n < 8) {
		char *end;

		while (isspace((unsigned char)*text))
			text++;
		if (*text == '\0')
			break;
		part[n++] = text;
		for (; *text != '\0' && (depth > 0 || *text != ','); text++)
			depth += (*text == '[' || *text == '{') - (*text == ']' || *text == '}');
		end = text;
		if (*text != '\0')
			text++;
		while (end > part[n - 1] && isspace((unsigned char)end[-1]))
			end--;
		*end = '\0';
	}
	return n;
}

static uint32_t
reg_list(const struct insn *i, char *text)
{
	char *part[16];
	uint32_t list = 0;
	int n = 0;

	text[strcspn(text, "}")] = '\0';
	for (char *p = strtok(text + 1, ", "); p != NULL && n < 16; p = strtok(NULL, ", "))
		part[n++] = p;
	for (int k = 0; k < n; k++) {
		char *dash = strchr(part[k], '-');
		int first, last;

		if (dash != NULL)
			*dash = '\0';
		first = reg_number(part[k]);
		last = dash != NULL ? reg_number(dash + 1) : first;
		if (first == NOT_ONE || last < first)
			refuse(i, "this list is not known");
		for (int reg = first; reg <= last; reg++)
			list |= 1u << reg;
	}
	return list;
}

static const char conditions[][4] = {
	"", "eq", "ne", "cs", "hs", "cc", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "al"
};

// Mnemonics: what they are, how many of their first operands they set, whether they may set flags ("adds").
static const struct mnemonic {
	const char *op;
	enum kind kind;
	int sets;
	bool s;
} mnemonics[] = {
	{ "add", COMPUTE, 1, 1 }, { "adc", COMPUTE, 1, 1 }, { "sub", COMPUTE, 1, 1 }, { "sbc", COMPUTE, 1, 1 },
	{ "rsb", COMPUTE, 1, 1 }, { "rsc", COMPUTE, 1, 1 }, { "and", COMPUTE, 1, 1 }, { "orr", COMPUTE, 1, 1 },
	{ "eor", COMPUTE, 1, 1 }, { "bic", COMPUTE, 1, 1 }, { "mov", COMPUTE, 1, 1 }, { "mvn", COMPUTE, 1, 1 },
	{ "lsl", COMPUTE, 1, 1 }, { "lsr", COMPUTE, 1, 1 }, { "asr", COMPUTE, 1, 1 }, { "ror", COMPUTE, 1, 1 },
	{ "rrx", COMPUTE, 1, 1 }, { "cmp", COMPUTE, 0, 0 }, { "cmn", COMPUTE, 0, 0 }, { "tst", COMPUTE, 0, 0 },
	{ "teq", COMPUTE, 0, 0 }, { "movw", COMPUTE, 1, 0 }, { "movt", COMPUTE, 1, 0 }, { "nop", COMPUTE, 0, 0 },
	{ "adr", COMPUTE, 1, 0 }, { "mul", COMPUTE, 1, 1 }, { "mla", COMPUTE, 1, 1 }, { "mls", COMPUTE, 1, 0 },
	{ "umull", COMPUTE, 2, 1 }, { "smull", COMPUTE, 2, 1 }, { "umlal", COMPUTE, 2, 1 },
	{ "smlal", COMPUTE, 2, 1 }, { "umaal", COMPUTE, 2, 0 }, { "sdiv", COMPUTE, 1, 0 }, { "udiv", COMPUTE, 1, 0 },
	{ "clz", COMPUTE, 1, 0 }, { "rbit", COMPUTE, 1, 0 }, { "rev", COMPUTE, 1, 0 }, { "rev16", COMPUTE, 1, 0 },
	{ "revsh", COMPUTE, 1, 0 }, { "bfi", COMPUTE, 1, 0 }, { "bfc", COMPUTE, 1, 0 }, { "ubfx", COMPUTE, 1, 0 },
	{ "sbfx", COMPUTE, 1, 0 }, { "ssat", COMPUTE, 1, 0 }, { "usat", COMPUTE, 1, 0 }, { "uxtb", COMPUTE, 1, 0 },
	{ "uxth", COMPUTE, 1, 0 }, { "sxtb", COMPUTE, 1, 0 }, { "sxth", COMPUTE, 1, 0 }, { "uxtab", COMPUTE, 1, 0 },
	{ "uxtah", COMPUTE, 1, 0 }, { "sxtab", COMPUTE, 1, 0 }, { "sxtah", COMPUTE, 1, 0 },
	{ "uxtb16", COMPUTE, 1, 0 }, { "sxtb16", COMPUTE, 1, 0 }, { "pkhbt", COMPUTE, 1, 0 },
	{ "pkhtb", COMPUTE, 1, 0 }, { "smulbb", COMPUTE, 1, 0 }, { "smulbt", COMPUTE, 1, 0 },
	{ "smultb", COMPUTE, 1, 0 }, { "smultt", COMPUTE, 1, 0 }, { "smulwb", COMPUTE, 1, 0 },
	{ "smulwt", COMPUTE, 1, 0 }, { "smlabb", COMPUTE, 1, 0 }, { "smlabt", COMPUTE, 1, 0 },
	{ "smlatb", COMPUTE, 1, 0 }, { "smlatt", COMPUTE, 1, 0 }, { "smlawb", COMPUTE, 1, 0 },
	{ "smlawt", COMPUTE, 1, 0 }, { "smlalbb", COMPUTE, 2, 0 }, { "smlalbt", COMPUTE, 2, 0 },
	{ "smlaltb", COMPUTE, 2, 0 }, { "smlaltt", COMPUTE, 2, 0 }, { "ldr", LOAD, 1, 0 }, { "ldrb", LOAD, 1, 0 },
	{ "ldrh", LOAD, 1, 0 }, { "ldrsb", LOAD, 1, 0 }, { "ldrsh", LOAD, 1, 0 }, { "ldrd", LOAD, 2, 0 },
	{ "str", STORE, 1, 0 }, { "strb", STORE, 1, 0 }, { "strh", STORE, 1, 0 }, { "strd", STORE, 2, 0 },
	{ "ldm", LOAD_MANY, 4, 0 }, { "ldmia", LOAD_MANY, 4, 0 }, { "ldmib", LOAD_MANY, 4, 0 },
	{ "ldmda", LOAD_MANY, -4, 0 }, { "ldmdb", LOAD_MANY, -4, 0 }, { "ldmfd", LOAD_MANY, 4, 0 },
	{ "pop", LOAD_MANY, 4, 0 }, { "stm", STORE_MANY, 4, 0 }, { "stmia", STORE_MANY, 4, 0 },
	{ "stmib", STORE_MANY, 4, 0 }, { "stmda", STORE_MANY, -4, 0 }, { "stmdb", STORE_MANY, -4, 0 },
	{ "stmfd", STORE_MANY, -4, 0 }, { "push", STORE_MANY, -4, 0 }, { "b", BRANCH, 0, 0 }, { "bl", CALL, 0, 0 },
	{ "bx", JUMP, 0, 0 }, { "blx", CALL_TO, 0, 0 },
};

// The mnemonic that `text` is, with its condition; the longest that fits.
static const struct mnemonic *
mnemonic(const char *text, const char **cond)
{
	const struct mnemonic *best = NULL;

	for (size_t k = 0; k < sizeof mnemonics / sizeof mnemonics[0]; k++) {
		const struct mnemonic *m = &mnemonics[k];
		size_t len = strlen(m->op);

		if (strncmp(text, m->op, len) != 0 || (best != NULL && strlen(best->op) > len))
			continue;
		for (int s = 0; s <= m->s; s++) {
			if (s == 1 && text[len] != 's')
				break;
			for (size_t c = 0; c < sizeof conditions / sizeof conditions[0]; c++)
				if (strcmp(text + len + s, conditions[c]) == 0) {
					best = m;
					*cond = strcmp(conditions[c], "al") == 0 ? "" : conditions[c];
				}
		}
	}
	return best;
}

// [rn], [rn, #4]!, [rn, rm, lsl #2], [rn], #4: the parts from `part` on.
static void
parse_address(struct insn *i, char **part, int n)
{
	char *inner[8], *close;
	int k;

	if (n < 1 || part[0][0] != '[' || (close = strchr(part[0], ']')) == NULL)
		refuse(i, "this address is not known");
	i->mode = close[1] == '!' ? PRE : n > 1 ? POST : OFFSET;
	*close = '\0';
	k = split(part[0] + 1, inner);
	if (i->mode == POST)
		for (; k < 8 && --n > 0; k++)
			inner[k] = *++part;
	i->rn = k > 0 ? reg_number(inner[0]) : NOT_ONE;
	if (i->rn == NOT_ONE || k > 3)
		refuse(i, "this address is not known");
	if (k > 1 && inner[1][0] == '#') {
		i->imm = number(i, inner[1] + 1);
		if (k > 2)
			refuse(i, "this address is not known");
	} else if (k > 1) {
		i->minus = inner[1][0] == '-';
		i->rm = reg_number(inner[1] + i->minus);
		if (i->rm == NOT_ONE)
			refuse(i, "this address is not known");
		if (k > 2)
			set_shift(i, inner[2]);
	}
}

static void
parse_compute(struct insn *i, const struct mnemonic *m, char **part, int n)
{
	int last = n - 1;

	for (int k = 0; k < m->sets; k++) {
		int reg = n > k ? reg_number(part[k]) : NOT_ONE;

		if (reg == NOT_ONE)
			refuse(i, "these operands are not known");
		i->writes |= 1u << reg;
	}
	i->rd = m->sets == 1 ? reg_number(part[0]) : NOT_ONE;
	if (n > 1 && part[last][0] == '#') {
		i->has_imm = part[last][1] != ':';
		if (i->has_imm)
			i->imm = number(i, part[last] + 1);
		else
			i->extra = format("%s", part[last]);
	} else if (last >= 2 && is_shift(part[last])) {
		set_shift(i, part[last--]);
		i->rm = reg_number(part[last]);
	} else if (n > 1) {
		i->rm = reg_number(part[last]);
	}
	if (strcmp(m->op, "adr") == 0 && n == 2)
		i->target = format("%s", part[1]);
	if (last == 2)
		i->rn = reg_number(part[1]);
	if (last == 1 && strcmp(m->op, "mov") != 0 && strncmp(m->op, "mov", 3) != 0)
		i->rn = i->rd;				// add r0, #4
}

bool
parse_insn(struct insn *i, unsigned line, const char *text)
{
	char *copy = format("%s", text), *part[8], *space = copy + strcspn(copy, " \t");
	const char *cond = "";
	const struct mnemonic *m;
	int n, first;

	*i = (struct insn){ .line = line, .text = text, .rd = NOT_ONE, .rn = NOT_ONE, .rm = NOT_ONE, .rt = NOT_ONE };
	if (*space != '\0')
		*space++ = '\0';
	m = mnemonic(copy, &cond);
	if (m == NULL)
		return false;
	strcpy(i->op, m->op);
	strcpy(i->cond, cond);
	i->kind = m->kind;
	n = split(space, part);
	switch (m->kind) {
	case LOAD:
	case STORE:
		i->rt = n > 0 ? reg_number(part[0]) : NOT_ONE;
		if (i->rt == NOT_ONE)
			refuse(i, "this register is not known");
		i->range = strcmp(m->op + 3, "") == 0 || strcmp(m->op + 3, "b") == 0 ? 4095 : 255;
		strcpy(i->data, reg_name(i->rt));
		if (m->sets == 2)
			strcat(strcat(i->data, ", "), reg_name(i->rt + 1));
		if (m->kind == LOAD)
			i->writes = (m->sets == 2 ? 3u : 1u) << i->rt;
		first = n > 1 && m->sets == 2 && reg_number(part[1]) != NOT_ONE ? 2 : 1;
		if (n > first && part[first][0] != '[')
			i->target = format("%s", part[first]);		// a literal
		else
			parse_address(i, part + first, n - first);
		break;
	case LOAD_MANY:
	case STORE_MANY: {
		bool stack = strcmp(m->op, "pop") == 0 || strcmp(m->op, "push") == 0;

		i->mode = stack ? POST : OFFSET;
		if (!stack && n > 0 && part[0][strlen(part[0]) - 1] == '!') {
			i->mode = POST;
			part[0][strlen(part[0]) - 1] = '\0';
		}
		i->rn = stack ? SP : n > 0 ? reg_number(part[0]) : NOT_ONE;
		if (n != (stack ? 1 : 2) || i->rn == NOT_ONE || part[n - 1][0] != '{' ||
		    strchr(part[n - 1], '^') != NULL)
			refuse(i, "these operands are not known");
		if (stack)
			strcpy(i->op, m->kind == LOAD_MANY ? "ldmia" : "stmdb");
		i->list = reg_list(i, part[n - 1]);
		i->imm = m->sets * __builtin_popcount(i->list);
		if (m->kind == LOAD_MANY)
			i->writes = i->list;
		break;
	}
	case BRANCH:
	case CALL:
		if (n != 1)
			refuse(i, "these operands are not known");
		i->target = format("%s", part[0]);
		i->writes = m->kind == CALL ? 1u << LR | 1u << R_SCRATCH | 15 : 0;
		break;
	case JUMP:
	case CALL_TO:
		i->rm = n == 1 ? reg_number(part[0]) : NOT_ONE;
		if (i->rm == NOT_ONE)
			refuse(i, "these operands are not known");
		i->writes = m->kind == CALL_TO ? 1u << LR | 1u << R_SCRATCH | 15 : 0;
		break;
	default:
		parse_compute(i, m, part, n);
		if (i->writes == 1u << PC && strcmp(m->op, "mov") == 0 && i->rm != NOT_ONE && *i->shift == '\0') {
			i->kind = JUMP;
			i->writes = 0;
		} else if (i->rd == SP) {
			i->kind = STACK;
			if (strcmp(m->op, "mov") == 0 && i->rm != NOT_ONE && *i->shift == '\0') {
				strcpy(i->op, "add");		// mov sp, fp: add sp, fp, #0
				i->rn = i->rm;
				i->rm = NOT_ONE;
				i->has_imm = true;
			}
			i->minus = strcmp(i->op, "sub") == 0;
			if (i->rn == NOT_ONE || (!i->minus && strcmp(i->op, "add") != 0) ||
			    (!i->has_imm && i->rm == NOT_ONE))
				refuse(i, "sp can be moved by additions alone");
		}
	}
	return true;
}

// What no instruction of the input may do.
static void
check(const struct insn *i, const char *text)
{
	static const char *const kept[] = { "r12", "ip", "r9", "sb", "r10", "sl" };
	size_t keep = design == BUNDLES ? 2 : 6;
	bool r8 = pins || design == MATCHING;
	uint32_t named = i->list;
	bool at_pins = pins && (i->kind == LOAD || i->kind == STORE) && i->rn == R_PINS;
	char *word = format("%s", text + strcspn(text, " \t"));

	for (char *p = strtok(word, " \t,[]{}!#-"); p != NULL; p = strtok(NULL, " \t,[]{}!#-")) {
		if (i->kind == BRANCH || i->kind == CALL)
			break;
		for (size_t k = 0; k < keep; k++)
			if (strcmp(p, kept[k]) == 0)
				refuse(i, "this register is reserved (-ffixed-r9 -ffixed-r10 -ffixed-r12)");
		if (reg_number(p) == PC && i->kind != LOAD && i->kind != LOAD_MANY && i->kind != JUMP)
			refuse(i, "pc cannot be used so");
		if (reg_number(p) == PC && i->kind == LOAD && i->rt != PC)
			refuse(i, "pc cannot be used so");
	}
	if (r8 && ((i->writes | i->list) & 1u << R_PINS || (i->rn == R_PINS && i->mode != OFFSET)))
		refuse(i, "this register is reserved (-ffixed-r8)");
	if (at_pins && i->rm != NOT_ONE)
		refuse(i, "which pins has to be known here: masks are constants");
	if (named & (design == BUNDLES ? 1u << R_SCRATCH : 1u << R_CODE | 1u << R_SHARED | 1u << R_SCRATCH))
		refuse(i, "this register is reserved");
	if ((i->kind == LOAD && i->writes & 1u << SP) || i->list & 1u << SP ||
	    (i->kind == STORE && i->rt == SP && i->rn == SP && i->mode != OFFSET))
		refuse(i, "sp cannot be loaded, nor stored where it is moved");
	if (i->kind == STORE_MANY && i->list & 1u << PC)
		refuse(i, "pc cannot be used so");
	if (i->kind == LOAD_MANY && i->list & 1u << PC && i->list & 1u << LR)
		refuse(i, "lr and pc cannot be loaded at once");
	if (i->kind == LOAD && i->mode != OFFSET && (i->rt == i->rm || i->writes & 1u << i->rn))
		refuse(i, "what is loaded cannot move the base");
	if (i->kind == STORE && i->rt == PC)
		refuse(i, "pc cannot be used so");
	if ((i->kind == LOAD || i->kind == STORE) && i->rn == PC)
		refuse(i, "pc cannot be used so");
	if ((i->kind == LOAD || i->kind == STORE) && i->rn == SP && i->rm != NOT_ONE && i->mode != OFFSET)
		refuse(i, "sp can be moved by additions alone");
}

static struct line *
add_line(unsigned number, bool code, const char *text)
{
	static int room;

	if (line_count == room) {
		room = room * 2 + 1024;
		lines = realloc(lines, room * sizeof *lines);
		if (lines == NULL)
			abort();
	}
	lines[line_count] = (struct line){
		.number = number, .code = code, .text = text, .want = NOT_ONE, .stream = NOT_ONE
	};
	return &lines[line_count++];
}

static bool
switches(const char *text)
{
	char op[8], cond[4];

	return sscanf(text, "ldr%3[a-z]\tpc, %7[[]", cond, op) == 2 && strstr(text, "[pc, ") != NULL;
}

static void
parse_line(unsigned number, char *text)
{
	static bool code = true;
	struct line *line;
	size_t len = strlen(text);

	if (len > 1 && text[len - 1] == ':' && strpbrk(text, " \t\"") == NULL) {
		text[len - 1] = '\0';
		add_line(number, code, format("%s", text))->what = LABEL;
		return;
	}
	if (text[0] == '.' && strncmp(text, ".inst", 5) != 0) {
		if (strncmp(text, ".text", 5) == 0)
			code = true;
		else if (strncmp(text, ".data", 5) == 0 || strncmp(text, ".bss", 4) == 0)
			code = false;
		else if (strncmp(text, ".section", 8) == 0)
			code = strncmp(text + 9, ".text", 5) == 0;
		line = add_line(number, code, format("%s", text));
		if (code && (strncmp(text, ".word", 5) == 0 || strncmp(text, ".short", 6) == 0)) {
			line->what = WORD;
			line->text += text[1] == 'w' ? 6 : 7;
		} else if (code && (strncmp(text, ".byte", 5) == 0 || strncmp(text, ".asci", 5) == 0 ||
		    strncmp(text, ".space", 6) == 0 || strncmp(text, ".2byte", 6) == 0)) {
			refuse_line(number, "`%s': data among code", text);
		}
		return;
	}
	if (!code)
		refuse_line(number, "`%s': code among data", text);
	line = add_line(number, code, format("%s", text));
	line->what = INSN;
	if (strncmp(text, ".inst", 5) == 0 && strstr(text, "0xe7f000f0") != NULL) {
		line->insn = (struct insn){ .kind = TRAP, .line = number, .text = line->text };
	} else if (switches(text)) {
		line->what = TABLE;
	} else if (!parse_insn(&line->insn, number, line->text)) {
		refuse_line(number, "`%s': this instruction is not known, and cannot be made safe", text);
	} else {
		check(&line->insn, line->text);
	}
}

void
parse_file(const char *name)
{
	FILE *f = fopen(name, "r");
	char *text = NULL, source[256];
	size_t size = 0;
	unsigned at, divided = 0;

	file_name = name;
	if (f == NULL) {
		perror(name);
		exit(1);
	}
	for (unsigned number = 1; getline(&text, &size, f) >= 0; number++) {
		char *p = text, *end;
		bool quoted = false;

		while (isspace((unsigned char)*p))
			p++;
		if (sscanf(p, "@ %u \"%255[^\"]\" 1", &at, source) == 2 && at > 0) {
			file_name = source;
			refuse_line(at, "inline assembly cannot be made safe");
		}
		if (divided != 0)
			refuse_line(divided, "inline assembly cannot be made safe");
		if (strncmp(p, ".syntax divided", 15) == 0) {
			divided = number;
			continue;
		}
		for (end = p; *end != '\0' && (quoted || *end != '@'); end++) {
			if (*end == '\\' && quoted && end[1] != '\0')
				end++;
			else if (*end == '"')
				quoted = !quoted;
		}
		while (end > p && isspace((unsigned char)end[-1]))
			end--;
		*end = '\0';
		if (*p != '\0')
			parse_line(number, p);
	}
	fclose(f);
}
