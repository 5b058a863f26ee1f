// The mask table: forms.def in C, for checks/sweep.c and for the host's grader/sfi/sweep.c. A diagram becomes a mask
// and a value, its fields' needs a list of comparisons; bits 27:20 and 7:4 of a word, its class, tell which few
// diagrams it has to be held against.
#pragma once

#include <exo/verify.h>

#define CLASSES    4096
#define CLASS_FORMS 4			// that may be of one class, at most

// What is asked of a field, or of two.
struct need {
	enum { WRITE, READ, KEPT, EVEN, WRITE2, READ2, KEPT2, DIFFER, ATMOST, WITHIN, BASE, LIST, LOAD, PINS,
		TARGET } kind;
	uint8_t at[2];
	uint32_t mask[2];		// of the field's bits, from bit 0 on
};

struct form {
	const char *name, *diagram, *needs, *section;
	uint32_t mask, value;
	unsigned count;
	struct need need[6];
};

static struct form forms[] = {
#define FORM(...) { __VA_ARGS__, 0, 0, 0, { { 0 } } },
#include "forms.def"
#undef FORM
};

static uint8_t class_forms[CLASSES][CLASS_FORMS];	// numbers in forms[], plus one; 0: no more

static inline unsigned
class_of(uint32_t word)
{
	return (word >> 16 & 0xff0) | (word >> 4 & 15);
}

static inline uint32_t
class_word(unsigned class)		// with zeros in all other bits
{
	return (class & 0xff0) << 16 | (class & 15) << 4;
}

// Where letter's field is in a diagram, whose bits stand together.
static void
find_field(struct need *need, unsigned i, const char *diagram, char letter)
{
	unsigned bit = 32;

	for (; *diagram != 0; diagram++) {
		if (*diagram == ' ')
			continue;
		bit--;
		if (*diagram == letter) {
			need->at[i] = bit;
			need->mask[i] = need->mask[i] << 1 | 1;
		}
	}
}

static const char *
read_need(struct need *need, const char *p, const char *diagram)
{
	static const char *const names[] = { "write", "read", "kept", "even", "write2", "read2", "kept2", "differ",
		"atmost", "within", "base", "list", "load", "pins", "target" };

	for (unsigned kind = 0; kind < ARRAY_SIZE(names); kind++) {
		const char *q = p, *name = names[kind];

		while (*name != 0 && *q == *name)
			q++, name++;
		if (*name != 0 || *q != ':')
			continue;
		need->kind = kind;
		find_field(need, 0, diagram, *++q);
		if (*++q == ',') {
			find_field(need, 1, diagram, *++q);
			q++;
		}
		return *q == ' ' ? q + 1 : q;
	}
	return NULL;
}

// Read the diagrams. False: forms.def has one that is none.
static bool
masks_init(void)
{
	for (struct form *f = forms; f < forms + ARRAY_SIZE(forms); f++) {
		unsigned bits = 0;

		for (const char *p = f->diagram; *p != 0; p++) {
			if (*p == ' ')
				continue;
			f->mask = f->mask << 1 | (*p == '0' || *p == '1');
			f->value = f->value << 1 | (*p == '1');
			bits++;
		}
		for (const char *p = f->needs; *p != 0; f->count++) {
			if (f->count == ARRAY_SIZE(f->need))
				return false;
			p = read_need(&f->need[f->count], p, f->diagram);
			if (p == NULL)
				return false;
		}
		if (bits != 32)
			return false;
		for (unsigned class = 0; class < CLASSES; class++) {
			unsigned i = 0;

			if (((class_word(class) ^ f->value) & f->mask & 0x0ff000f0) != 0)
				continue;
			while (i < CLASS_FORMS && class_forms[class][i] != 0)
				i++;
			if (i == CLASS_FORMS)
				return false;
			class_forms[class][i] = f - forms + 1;
		}
	}
	return true;
}

static inline bool
masks_writable(uint32_t r, uint32_t pins)
{
	return r != 9 && r != 10 && r != 13 && r != 15 && (r != 8 || pins == 0);
}

static inline bool
masks_meets(const struct need *need, uint32_t word, uint32_t offset, uint32_t end, uint32_t pins)
{
	uint32_t x = word >> need->at[0] & need->mask[0], y = word >> need->at[1] & need->mask[1];

	switch (need->kind) {
	case WRITE:	return masks_writable(x, pins);
	case READ:	return x != 15;
	case KEPT:	return x != 15 && x != 13;
	case EVEN:	return x % 2 == 0;
	case WRITE2:	return masks_writable(x + 1, pins);
	case READ2:	return x + 1 != 15;
	case KEPT2:	return x + 1 != 15 && x + 1 != 13;
	case DIFFER:	return x != y;
	case ATMOST:	return x <= y;
	case WITHIN:	return x + y < 32;
	case BASE:	return x == 10 || x == 13;
	case LIST:	return x != 0 && x < 0x8000 && (x & 0x2000) == 0;
	case LOAD:	return (x & (pins == 0 ? 0x0600 : 0x0700)) == 0;
	case PINS:	return pins != 0 && (x | pins) == pins;
	case TARGET: {
		int64_t to = (int64_t)offset + 8 + 4 * ((int64_t)x - (x < 0x800000 ? 0 : 0x1000000));

		if (to < 0 || to > 0xffffffff)	// addresses have 32 bits
			to += to < 0 ? 0x100000000 : -0x100000000;
		return to < 4 * MODULE_ENTRIES || (to >= MODULE_CODE && to < (int64_t)end);
	}
	}
	return false;
}

// What verify_word() has to say.
static inline bool
masks_accept(uint32_t word, uint32_t offset, uint32_t end, uint32_t pins)
{
	const uint8_t *candidates = class_forms[class_of(word)];

	if (word >= 0xf0000000)
		return false;
	for (unsigned i = 0; i < CLASS_FORMS && candidates[i] != 0; i++) {
		const struct form *f = &forms[candidates[i] - 1];
		unsigned n = 0;

		if ((word & f->mask) != f->value)
			continue;
		while (n < f->count && masks_meets(&f->need[n], word, offset, end, pins))
			n++;
		if (n == f->count)
			return true;
	}
	return false;
}

// Why the table says so, as far as one line can tell: the diagram, and what it needs that is not so.
struct reason {
	const char *name, *needs;	// null: there is no such diagram
};

static inline struct reason
masks_reason(uint32_t word)
{
	struct reason reason = { NULL, NULL };

	for (struct form *f = forms; f < forms + ARRAY_SIZE(forms); f++)
		if (word < 0xf0000000 && (word & f->mask) == f->value)	// the last is the closest
			reason = (struct reason){ f->name, f->needs };
	return reason;
}
