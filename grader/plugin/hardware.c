/*
 * What emulation forgives and a Cortex-A7 does not. In a second look, one instruction at a time,
 * this follows every store, every fetch, every access and every maintenance operation, and finds
 * where software relies on what the architecture (ARM DDI 0406C) does not promise:
 *
 * code         (A3.5.4, B2.2.9) A word of memory was changed and then executed. Between the two has
 *              to come, in this order: DCCMVAU of its line (or a clean to the point of coherency;
 *              none if the MMU was off at the store, as that cached nothing), DSB, ICIMVAU of its
 *              line or ICIALLU, BPIALL or BPIMVA, DSB, ISB. It is words that count, by physical
 *              address: data that is written beside code is no fault.
 * translation  (B3.9, B3.10) A translation was used and may so be in a TLB; the descriptor that it
 *              came from was changed, or the tables were exchanged under the same ASID; and an
 *              address that it covers is accessed again. Between the two has to come: DSB (the walk
 *              reads what was written), a TLBI that covers address and ASID, DSB, ISB. The change
 *              that counts is the last of a descriptor that translated and was in reach: one that
 *              does not translate is never cached, so that what takes its place needs no TLBI, nor
 *              does a store into a table that nothing leads to any more. What is back as it was
 *              when it is used next does not matter.
 * register     (A3.8.3, B3.15) TTBR0, TTBR1, TTBCR, DACR, SCTLR, CONTEXTIDR, PRRR or NMRR was
 *              changed, or VBAR, and an access that depends on it comes before an ISB: TTBR0 and
 *              CONTEXTIDR matter where TTBR0 translates, TTBR1 where that does, VBAR to the next
 *              exception. A fetch counts where old and new values lead it to different memory.
 *
 * Taking an exception and returning from one do what ISB does; any kind of DSB is taken for one.
 * Out of reach: what speculation may have cached or fetched without being told to, the DSB for
 * descriptors that replace one that did not translate, access flags cleared and set, set/way
 * operations, mappings of one place with different attributes, other cores, DMA, long descriptors,
 * HYP's own translation, and system operations in Thumb code. A supersection counts as sixteen
 * sections.
 */
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

/* ---- the operations: MCR p15, opc1 = 0; hardware.py has the same order ---- */

enum {
	NOTHING,
	CLEAN, /* DCCMVAU, DCCMVAC, DCCIMVAC */
	IC_LINE,
	IC_ALL,
	BP_LINE,
	BP_ALL,
	DSB,
	ISB, /* or an exception taken or returned from */
	TLBI_ALL,
	TLBI_MVA,
	TLBI_ASID,
	TLBI_MVAA,
	WRITE, /* of a register: WRITE + its index */
};

/* The registers; hardware.py has the same order. */
enum { SCTLR, TTBR0, TTBR1, TTBCR, DACR, PRRR, NMRR, VBAR, CONTEXTIDR, REGISTERS };

/* Which bits of SCTLR matter here: M, C, I, V, WXN, UWXN, TRE, AFE. */
static const uint32_t sctlr_matters =
    1u | 1u << 2 | 1u << 12 | 1u << 13 | 1u << 19 | 1u << 20 | 1u << 28 | 1u << 29;

enum { M = 1u, TRE = 1u << 28, AFE = 1u << 29 };
enum { I_LINE = 32, D_LINE = 64 }; /* bytes: the Cortex-A7's, as CTR says */

/* MCR p15, 0, Rt, CRn, CRm, opc2, for any of several CRm: a bit each. */
static const struct {
	uint8_t crn, opc2;
	uint16_t crms;
	uint8_t operation;
} writes[] = {
    {7, 1, 1u << 10 | 1u << 11 | 1u << 14, CLEAN},
    {7, 1, 1u << 5, IC_LINE},
    {7, 0, 1u << 5 | 1u << 1, IC_ALL},
    {7, 7, 1u << 5, BP_LINE},
    {7, 6, 1u << 5 | 1u << 1, BP_ALL},
    {7, 4, 1u << 10, DSB},
    {7, 4, 1u << 5, ISB},
    {8, 0, 1u << 3 | 1u << 5 | 1u << 6 | 1u << 7, TLBI_ALL},
    {8, 1, 1u << 3 | 1u << 5 | 1u << 6 | 1u << 7, TLBI_MVA},
    {8, 2, 1u << 3 | 1u << 5 | 1u << 6 | 1u << 7, TLBI_ASID},
    {8, 3, 1u << 3 | 1u << 5 | 1u << 6 | 1u << 7, TLBI_MVAA},
    {1, 0, 1u << 0, WRITE + SCTLR},
    {2, 0, 1u << 0, WRITE + TTBR0},
    {2, 1, 1u << 0, WRITE + TTBR1},
    {2, 2, 1u << 0, WRITE + TTBCR},
    {3, 0, 1u << 0, WRITE + DACR},
    {10, 0, 1u << 2, WRITE + PRRR},
    {10, 1, 1u << 2, WRITE + NMRR},
    {12, 0, 1u << 0, WRITE + VBAR},
    {13, 1, 1u << 0, WRITE + CONTEXTIDR},
};

/* What an A32 instruction does of all that. */
static unsigned
operation(uint32_t bits)
{
	unsigned crn = bits >> 16 & 15, crm = bits & 15, opc2 = bits >> 5 & 7;

	if ((bits & 0xfffffff0) == 0xf57ff040)
		return DSB;
	if ((bits & 0xfffffff0) == 0xf57ff060)
		return ISB;
	/* MOVS pc and the like, LDM with ^ and pc, RFE, ERET: an exception return. */
	if (bits >> 28 == 0xf)
		return (bits & 0xfe50ffff) == 0xf8100a00 ? ISB : NOTHING;
	if ((bits & 0x0c10f000) == 0x0010f000 && (bits & 0x01800000) != 0x01000000 &&
	    ((bits & 0x02000000) || (bits & 0x90) != 0x90))
		return ISB;
	if ((bits & 0x0e508000) == 0x08508000 || (bits & 0x0fffffff) == 0x0160006e)
		return ISB;
	if ((bits & 0x0ff00f10) != 0x0e000f10)
		return NOTHING;
	for (unsigned i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		if (writes[i].crn == crn && (writes[i].crms & 1u << crm) && writes[i].opc2 == opc2)
			return writes[i].operation;
	return NOTHING;
}

/* Note the address of an instruction whose operand a second look has to know. */
void
hardware_note(uint32_t pc, uint32_t bits)
{
	if (operation(bits) == NOTHING || (bits & 0x0f000010) != 0x0e000010 || bits >> 28 == 0xf)
		return;
	for (uint64_t i = 0; i < shared->operations && i < OPERATIONS_MAX; i++)
		if (shared->operation[i] == pc)
			return;
	if (shared->operations < OPERATIONS_MAX)
		shared->operation[shared->operations] = pc;
	shared->operations++;
}

/* ---- what has happened, as far as it matters: a list; times are indices into it ---- */

struct event {
	uint8_t what;     /* CLEAN to TLBI_MVAA */
	uint32_t address; /* physical line, or virtual address */
	uint32_t asid;
};

static struct event *events;
static uint32_t nevents, room;
static bool undrained; /* something since the last DSB that a DSB is for */
static bool unsynced;  /* a DSB since the last ISB */

static void
event(unsigned what, uint32_t address, uint32_t asid)
{
	if ((what == DSB && !undrained) || (what == ISB && !unsynced))
		return;
	undrained = what != DSB && (what != ISB || undrained);
	unsynced = what == DSB || (what != ISB && unsynced);
	if (nevents == room) {
		room = room ? 2 * room : 4096;
		events = realloc(events, room * sizeof(*events));
		if (events == NULL)
			abort();
	}
	events[nevents++] = (struct event){(uint8_t)what, address, asid};
}

static uint64_t executed; /* instructions before the one that is judged */

static void
find(char rule, enum missing missing, uint32_t pc, uint32_t address, uint32_t by, unsigned reg)
{
	struct finding *f = shared->finding;
	uint64_t n = shared->findings;

	for (uint64_t i = 0; i < n; i++)
		if (f[i].rule == (uint8_t)rule && f[i].missing == missing &&
		    (rule == 't' ? f[i].pc == pc : f[i].by == by))
			return; /* once for each place in the source */
	if (n == FINDINGS_MAX)
		return;
	f[n].count = executed;
	f[n].pc = pc;
	f[n].address = address;
	f[n].by = by;
	f[n].which = (uint8_t)reg;
	f[n].rule = (uint8_t)rule;
	f[n].missing = (uint8_t)missing;
	shared->findings = n + 1;
}

/* ---- memory: who changed each word last, and when ---- */

struct change {
	uint32_t by;    /* pc */
	uint32_t when;  /* the number of events before */
	uint64_t clock; /* the number of instructions before */
};

struct word {
	struct change last;
	struct change left;   /* the last of a value that translates, were it a descriptor, */
	uint32_t ttbr0, asid; /* and what these were then */
	uint32_t value;
	bool stored, uncached; /* ever; with the MMU off */
	bool judged;           /* that it was executed */
};

static struct word **pages; /* of 1024 words, where any was stored */

static struct word *
word_of(uint32_t physical, bool make)
{
	uint32_t offset = physical - ram.start;
	struct word **page;

	if (offset >= ram.size)
		return NULL;
	page = &pages[offset >> 12];
	if (*page == NULL && make && (*page = calloc(1024, sizeof(struct word))) == NULL)
		abort();
	return *page ? &(*page)[offset >> 2 & 1023] : NULL;
}

static bool
read_word(uint32_t physical, uint32_t *value)
{
	if (physical - ram.start >= ram.size)
		return false;
	memcpy(value, (const void *)(ram_here + (physical - ram.start)), sizeof(*value));
	return true;
}

/* ---- translation ---- */

static uint32_t reg[REGISTERS] = {[SCTLR] = 0x00c50078, [PRRR] = 0x00098aa4, [NMRR] = 0x44e048e0};
static uint32_t old[REGISTERS];    /* their values before what is not synchronized yet */
static uint32_t writer[REGISTERS]; /* the pc of who changed it last */
static unsigned unsure;            /* a bit for each register that is not synchronized */

enum { ANY_ASID = ~0u };

/* A translation, as a TLB may hold it. */
struct entry {
	uint32_t base, size, asid; /* virtual; 0 bytes: none */
	uint32_t at1, first, at2,
	    second; /* its descriptors: where, and what; at2 is 0 for a section */
	uint32_t physical;
	uint32_t used;  /* events before its last use, */
	uint64_t clock; /* and instructions */
};

/* Whether TTBR0 translates an address; else TTBR1 does. */
static bool
is_low(uint32_t va, const uint32_t *r)
{
	unsigned n = r[TTBCR] & 7;

	return n == 0 || va >> (32 - n) == 0;
}

static bool
walk(uint32_t va, const uint32_t *r, struct entry *e)
{
	unsigned n = r[TTBCR] & 7;
	bool low = is_low(va, r);
	uint32_t table = low ? r[TTBR0] & ~((0x4000u >> n) - 1) : r[TTBR1] & ~0x3fffu;
	uint32_t software = r[SCTLR] & TRE ? 6 : 0; /* bits of TEX that mean nothing */
	bool global;

	if (r[TTBCR] & (low ? 1u << 4 : 1u << 5))
		return false;
	*e = (struct entry){.used = nevents, .clock = executed};
	e->at1 = table + (va >> 20 << 2 & (low ? (0x4000u >> n) - 1 : 0x3fff));
	if (!read_word(e->at1, &e->first))
		return false;
	if (e->first & 2) {
		e->size = 1 << 20;
		e->physical = (e->first & 0xfff00000) | (e->first & 1 << 18 ? va & 0x00f00000 : 0);
		global = !(e->first & 1 << 17);
		if (r[SCTLR] & AFE && !(e->first & 1 << 10))
			return false;
		e->first &= ~(software << 12);
	} else if (e->first & 1) {
		e->at2 = (e->first & ~0x3ffu) + (va >> 12 << 2 & 0x3fc);
		if (!read_word(e->at2, &e->second) || !(e->second & 3) ||
		    (r[SCTLR] & AFE && !(e->second & 1 << 4)))
			return false;
		e->size = e->second & 2 ? 4096 : 65536;
		e->physical = e->second & ~(e->size - 1);
		global = !(e->second & 1 << 11);
		e->second &= ~(software << (e->second & 2 ? 6 : 12));
		e->first &= 0x1ef; /* its table may lie elsewhere */
	} else {
		return false;
	}
	e->base = va & ~(e->size - 1);
	e->asid = global ? ANY_ASID : r[CONTEXTIDR] & 0xff;
	return true;
}

/* Where an address leads; itself with the MMU off. */
static bool
to_physical(uint32_t va, const uint32_t *r, uint32_t *physical)
{
	struct entry e;

	*physical = va;
	if (!(r[SCTLR] & M))
		return true;
	if (!walk(va, r, &e))
		return false;
	*physical = e.physical | (va & (e.size - 1));
	return true;
}

/* ---- the judgement ---- */

/* The first of an operation from a time on; nevents if there is none. */
static uint32_t
first_of(uint32_t from, bool (*is)(const struct event *, const void *), const void *what)
{
	while (from < nevents && !is(&events[from], what))
		from++;
	return from;
}

static bool
is_dsb(const struct event *e, const void *unused)
{
	(void)unused;
	return e->what == DSB;
}

static bool
is_isb(const struct event *e, const void *unused)
{
	(void)unused;
	return e->what == ISB;
}

static bool
cleans(const struct event *e, const void *physical)
{
	return e->what == CLEAN && (e->address ^ *(const uint32_t *)physical) < D_LINE;
}

static bool
invalidates(const struct event *e, const void *physical)
{
	return e->what == IC_ALL ||
	       (e->what == IC_LINE && (e->address ^ *(const uint32_t *)physical) < I_LINE);
}

static bool
forgets(const struct event *e, const void *physical)
{
	return e->what == BP_ALL ||
	       (e->what == BP_LINE && (e->address ^ *(const uint32_t *)physical) < I_LINE);
}

static bool
covers_address(const struct event *e, const struct entry *entry)
{
	return e->what == TLBI_ALL || e->what == TLBI_ASID ||
	       (e->address & ~(entry->size - 1)) == entry->base;
}

static bool
covers(const struct event *e, const void *entry_)
{
	const struct entry *entry = entry_;

	return e->what >= TLBI_ALL && covers_address(e, entry) &&
	       (e->what == TLBI_ALL || e->what == TLBI_MVAA || e->asid == entry->asid ||
	        (e->what == TLBI_MVA && entry->asid == ANY_ASID));
}

static bool
is_tlbi(const struct event *e, const void *unused)
{
	(void)unused;
	return e->what >= TLBI_ALL;
}

static enum missing
judge_code(const struct word *w, uint32_t physical)
{
	uint32_t stored = w->last.when, clean = stored, dsb, ic, bp, again;

	if (!w->uncached) {
		clean = first_of(stored, cleans, &physical);
		if (clean == nevents)
			return MISSING_CLEAN;
	}
	dsb = first_of(clean, is_dsb, NULL);
	ic = first_of(dsb, invalidates, &physical);
	bp = first_of(dsb, forgets, &physical);
	if (ic == nevents)
		return first_of(clean, invalidates, &physical) < dsb ? MISSING_DSB_CLEAN
		                                                     : MISSING_IC;
	if (bp == nevents)
		return first_of(clean, forgets, &physical) < dsb ? MISSING_DSB_CLEAN : MISSING_BP;
	again = first_of(ic > bp ? ic : bp, is_dsb, NULL);
	if (again == nevents)
		return MISSING_DSB_IC;
	return first_of(again, is_isb, NULL) == nevents ? MISSING_ISB : MISSING_NOTHING;
}

static enum missing
judge_translation(const struct entry *e, uint32_t from, bool stored)
{
	uint32_t dsb = stored ? first_of(from, is_dsb, NULL) : from;
	uint32_t tlbi = first_of(dsb, covers, e), again;

	if (tlbi == nevents) {
		if (first_of(from, covers, e) < nevents)
			return MISSING_DSB_TLBI;
		tlbi = first_of(from, is_tlbi, NULL);
		if (tlbi == nevents)
			return MISSING_TLBI;
		for (uint32_t i = tlbi; i < nevents; i++)
			if (is_tlbi(&events[i], NULL) && events[i].what != TLBI_ASID &&
			    covers_address(&events[i], e))
				return MISSING_TLBI_ASID;
		return events[tlbi].what == TLBI_ASID ? MISSING_TLBI_ASID : MISSING_TLBI_ADDRESS;
	}
	again = first_of(tlbi, is_dsb, NULL);
	if (again == nevents)
		return MISSING_DSB_AFTER;
	return first_of(again, is_isb, NULL) == nevents ? MISSING_ISB : MISSING_NOTHING;
}

/* ---- the translations that were used: a table with a place for each by its address, size and ASID ---- */

enum { ENTRIES = 1 << 14 };
static struct entry entries[ENTRIES];

static struct entry *
place(uint32_t base, uint32_t size, uint32_t asid)
{
	uint32_t hash = (base >> 12) * 2654435761u ^ size * 97 ^ asid * 40503u;

	return &entries[(hash ^ hash >> 15) % ENTRIES];
}

static bool
same(const struct entry *a, const struct entry *b)
{
	return a->size == b->size && a->base == b->base && a->first == b->first &&
	       a->second == b->second;
}

/* A descriptor of a translation, if it was left since that was used last. */
static const struct word *
left(const struct entry *e, uint32_t at)
{
	const struct word *w = at ? word_of(at, false) : NULL;

	return w && w->left.clock > e->clock ? w : NULL;
}

/* The one that was left last while the first level led to the second. */
static const struct word *
left_last(const struct entry *e, uint32_t *at)
{
	const struct word *first = left(e, e->at1), *second = left(e, e->at2);

	*at = e->at1;
	/* A first level that was left leads there again only by its last change. */
	if (second == NULL ||
	    (first && (second->left.clock < first->last.clock || (first->value & 3) != 1 ||
	               (first->value ^ e->at2) >= 1024)))
		return first;
	*at = e->at2;
	return second;
}

/* Whether a translation could be made from its tables when a word of them was left. */
static bool
in_use(const struct entry *e, const struct word *w)
{
	return !is_low(e->base, reg) || ((e->at1 ^ w->ttbr0) < 0x4000u >> (reg[TTBCR] & 7) &&
	                                 (e->asid == ANY_ASID || e->asid == w->asid));
}

/* An access, or an attempt at one. */
static void
use(uint32_t va, uint32_t pc)
{
	static const uint32_t sizes[] = {4096, 65536, 1 << 20};
	struct entry fresh, *e;
	bool valid = walk(va, reg, &fresh);

	for (unsigned i = 0; i < 6; i++) {
		uint32_t size = sizes[i / 2], base = va & ~(size - 1);
		uint32_t asid = i % 2 ? ANY_ASID : reg[CONTEXTIDR] & 0xff;
		uint32_t at, by;
		enum missing missing;
		const struct word *w;

		e = place(base, size, asid);
		if (e->size != size || e->base != base || e->asid != asid ||
		    (valid && same(e, &fresh)))
			continue;
		w = left_last(e, &at);
		if (w) {
			by = w->left.by;
			/* Where its table was not in use then, what was forgotten before is as good. */
			missing = in_use(e, w) ? judge_translation(e, w->left.when, true)
			                       : judge_translation(e, e->used, false);
		} else {
			at = va;
			by = writer[is_low(va, reg) ? TTBR0 : TTBR1];
			missing = judge_translation(e, e->used, false);
		}
		if (missing != MISSING_NOTHING)
			find('t', missing, pc, at, by, 0);
		e->size = 0;
	}
	if (valid)
		*place(fresh.base, fresh.size, fresh.asid) = fresh;
}

/* Whether an access depends on a register that is not synchronized; which, or REGISTERS. */
static unsigned
depends(uint32_t va)
{
	bool low = is_low(va, reg);

	for (unsigned i = 0; i < VBAR; i++)
		if (unsure & 1u << i &&
		    (i == SCTLR || (reg[SCTLR] & M && i != (low ? TTBR1 : TTBR0))))
			return i;
	return unsure & 1u << CONTEXTIDR && reg[SCTLR] & M && low ? CONTEXTIDR : REGISTERS;
}

static void
synchronize(void)
{
	event(ISB, 0, 0);
	unsure = 0;
	memcpy(old, reg, sizeof(old));
}

/* ---- what QEMU tells ---- */

struct instruction {
	uint32_t pc, physical, size, bits;
	unsigned operation;
};

bool
hardware_open(void)
{
	memcpy(old, reg, sizeof(old));
	pages = calloc(ram.size >> 12, sizeof(*pages));
	return pages != NULL;
}

void *
hardware_instruction(uint32_t pc, uint32_t physical, uint32_t size, uint32_t bits)
{
	struct instruction *i = malloc(sizeof(*i));

	if (i == NULL)
		abort();
	*i = (struct instruction){pc, physical, size, bits, size == 4 ? operation(bits) : NOTHING};
	return i;
}

/* Whether the condition of an instruction holds. */
static bool
holds(uint32_t bits, uint32_t psr)
{
	bool n = psr >> 31, z = psr >> 30 & 1, c = psr >> 29 & 1, v = psr >> 28 & 1, is;

	switch (bits >> 29) {
	case 0:
		is = z;
		break;
	case 1:
		is = c;
		break;
	case 2:
		is = n;
		break;
	case 3:
		is = v;
		break;
	case 4:
		is = c && !z;
		break;
	case 5:
		is = n == v;
		break;
	case 6:
		is = !z && n == v;
		break;
	default:
		return true;
	}
	return is != (bits >> 28 & 1);
}

static void
keep(const struct instruction *i, uint32_t value)
{
	if (shared->executed < EXECUTED_KEPT)
		executed_here[shared->executed++] =
		    (struct executed){executed, i->pc, value, (uint8_t)i->operation, {0}};
}

static void
operate(const struct instruction *i)
{
	const struct registers *r = &log_registers;
	uint32_t value = r->r[i->bits >> 12 & 15], line;
	unsigned w = i->operation;

	if (w == DSB && i->bits >> 28 == 0xf) {
		keep(i, 0);
		event(DSB, 0, 0);
		return;
	}
	if (w == ISB && (i->bits & 0x0f000010) != 0x0e000010) {
		if ((i->bits & 0xfffffff0) == 0xf57ff060) /* and no exception return */
			keep(i, 0);
		synchronize();
		return;
	}
	if (r->r[15] != i->pc) { /* it was not among those that were noted */
		shared->operations = OPERATIONS_MAX + 1;
		return;
	}
	if (!holds(i->bits, r->psr) || (r->psr & 0x1f) == 0x10)
		return;
	keep(i, value);
	if (w >= WRITE) {
		w -= WRITE;
		if ((reg[w] ^ value) & (w == SCTLR ? sctlr_matters : ~0u)) {
			unsure |= 1u << w;
			writer[w] = i->pc;
		}
		reg[w] = value;
	} else if (w == ISB) {
		synchronize();
	} else if (w == CLEAN || w == IC_LINE || w == BP_LINE) {
		if (to_physical(value, reg, &line))
			event(w, line & ~(w == CLEAN ? D_LINE - 1u : I_LINE - 1u), 0);
	} else {
		event(w, value & ~0xfffu, value & 0xff);
	}
}

/* Before each instruction. */
void
hardware_execute(unsigned cpu, void *data)
{
	const struct instruction *i = data;
	uint32_t last = i->physical + i->size - 1, was, is;
	unsigned which = unsure ? depends(i->pc) : REGISTERS;

	(void)cpu;
	executed = shared->now.instructions;
	if (which != REGISTERS && to_physical(i->pc, reg, &is) &&
	    (!to_physical(i->pc, old, &was) || was != is))
		find('r', MISSING_ISB, i->pc, i->pc, writer[which], which);
	if (reg[SCTLR] & M)
		use(i->pc, i->pc);
	for (uint32_t at = i->physical & ~3u; at <= last; at += 4) {
		struct word *w = word_of(at, false);
		enum missing missing;

		if (w == NULL || !w->stored || w->judged)
			continue;
		missing = judge_code(w, at);
		if (missing != MISSING_NOTHING)
			find('c', missing, i->pc, at, w->last.by, 0);
		w->judged = true;
	}
	if (i->operation != NOTHING)
		operate(i);
}

/* After each access. */
void
hardware_access(void *data, uint32_t va, uint32_t physical, uint32_t size, bool store)
{
	const struct instruction *i = data;
	unsigned which = unsure ? depends(va) : REGISTERS;

	if (which != REGISTERS)
		find('r', MISSING_ISB, i->pc, va, writer[which], which);
	if (reg[SCTLR] & M)
		use(va, i->pc);
	if (!store)
		return;
	for (uint32_t at = physical & ~3u; at < physical + size; at += 4) {
		struct word *w = word_of(at, true);
		uint32_t value;

		if (w == NULL || !read_word(at, &value) || (w->stored && w->value == value))
			continue;
		w->last = (struct change){i->pc, nevents, executed};
		if (!w->stored || w->value & 3) { /* what was loaded may translate */
			w->left = w->last;
			w->ttbr0 = reg[TTBR0];
			w->asid = reg[CONTEXTIDR] & 0xff;
		}
		w->value = value;
		w->stored = true;
		w->uncached = !(reg[SCTLR] & M);
		w->judged = false;
		undrained = true;
	}
}

/* An exception was taken: with the address of an abort, if it is one. */
void
hardware_exception(uint32_t pc, bool abort_, uint32_t far)
{
	executed = shared->now.instructions;
	if (unsure & (1u << VBAR))
		find('r', MISSING_ISB, pc, reg[VBAR], writer[VBAR], VBAR);
	if (abort_ && reg[SCTLR] & M)
		use(far, pc);
	synchronize();
}
