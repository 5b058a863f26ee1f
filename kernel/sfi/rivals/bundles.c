// Native Client on ARM (Sehr et al. 2010). No register is kept: what is dangerous is masked, in place, by the
// word before, under the same condition, in the same bundle of 16 bytes. `bic rX, rX, #0xc0000000` stands
// before an access whose base is not sp, and behind whatever computes sp; `bic rX, rX, #0xc000000f` before bx
// and blx. So nobody comes between the two by an indirect jump, which goes to a bundle's first word; direct
// ones are looked at. Calls end a bundle, as what they return to has to begin one. An immediate, or sp's
// writeback, leads 4 KB further than the mask: in production that much is unmapped above the low 1 GB and below
// 2^32, the module runs under its owner's TTBR0, and no page there that System mode may execute is anybody's
// but the module's. Runtime entries are 16 bytes apart then. What may be computed is the first design's, whose
// verifier is asked about other registers in place of those that it keeps.

#include <exo/module.h>
#include "rivals.h"

#define SP     13
#define PC     15
#define RN     (word >> 16 & 15)
#define RD     (word >> 12 & 15)
#define DATA(r) (0x03c00103u | (r) << 16 | (r) << 12)	// bic r, r, #0xc0000000
#define JUMP(r) (0x03c0013fu | (r) << 16 | (r) << 12)	// bic r, r, #0xc000000f

static bool
is_access(uint32_t word)
{
	unsigned class = word >> 25 & 7;

	return class == 2 || class == 4 || (class == 3 && !(word >> 4 & 1)) ||
	    (class == 0 && (word & 0x90) == 0x90 && (word & 0x60) != 0);
}

static bool
is_jump(uint32_t word)
{
	return (word & 0x0fffffd0) == 0x012fff10;
}

// Must the word before be a mask? It is, under the same condition, or under all.
static bool
is_second(uint32_t word)
{
	return (is_access(word) && RN != SP) || is_jump(word);
}

static bool
is_masked(uint32_t word, uint32_t before)
{
	uint32_t mask = is_jump(word) ? JUMP(word & 15) : DATA(RN);

	return (before & 0x0fffffff) == mask && (before >> 28 == word >> 28 || before >> 28 == 14);
}

// The word with r9, r10, and sp where it is computed, exchanged for two or three others in the fields at bits
// 19:16 and 15:12.
static uint32_t
renamed(uint32_t word)
{
	// SBFX, BFI, UBFX: 20:16 is no register.
	bool field = (word & 0x0f800000) == 0x07800000 && (word & 0x00600000) != 0;
	unsigned free = 1, to[2] = { RN, RD };		// what should be 0 is refused as it was
	for (int k = 0; k < 2; k++) {
		unsigned was = to[k];

		if ((was != 9 && was != 10 && was != SP) || (k == 0 && (field || was == SP)))
			continue;
		while (free == to[0] || free == to[1])
			free++;
		to[k] = free;
		if (k == 0 && RD == was)
			to[1] = free;
	}
	return (word & 0xfff00fff) | to[0] << 16 | to[1] << 12;
}

// As an access by sp, of other registers.
static bool
access_is_known(uint32_t word)
{
	unsigned class = word >> 25 & 7, rn = RN, rd = RD;
	bool loads = word >> 20 & 1, back = word >> 21 & 1 || !(word >> 24 & 1);
	bool pair = class == 0 && !loads && (word >> 5 & 3) >= 2;

	if (rn == PC)
		return false;
	if (class == 4) {
		if ((word >> 21 & 1) && word >> rn & 1)
			return false;
		if (loads && word & 0x600)
			word = (word & ~0x600u) | 1;
	} else {
		if (back && (rd == rn || (pair && rd + 1 == rn)))
			return false;
		if (rd == 9 || rd == 10 || (pair && rd == 8))
			word = (word & ~0xf000u) | (rd & 1) << 12;
	}
	return verify_word((word & ~0xf0000u) | SP << 16, MODULE_CODE, MODULE_CODE, 0);
}

static bool
may_stand(const uint32_t *code, uint32_t i, uint32_t words)
{
	uint32_t word = code[i], class = word >> 25 & 7;
	bool inside = i % 4 != 0, last = i % 4 == 3;	// MODULE_CODE is a bundle's begin

	if (word == MODULE_UDF)
		return true;
	if (word >> 28 == 15)
		return false;
	if (is_jump(word))
		return (word & 15) != PC && (word & 15) != SP && inside && is_masked(word, code[i - 1]) &&
		    (!(word >> 5 & 1) || last);
	if (is_access(word))
		return access_is_known(word) && (RN == SP || (inside && is_masked(word, code[i - 1])));
	if (class == 5) {
		uint32_t to = i + 2 + (uint32_t)((int32_t)(word << 8) >> 8);

		if (to < words ? is_second(code[to]) : to + MODULE_CODE / 4 >= MODULE_ENTRIES || to % 4 != 0)
			return false;
		return !(word >> 24 & 1) || last;
	}
	if ((word & 0x0fffffff) == DATA(SP))
		return true;
	if (RD == SP && (class == 3 || (word & 0x01900000) != 0x01100000) &&
	    (last || i + 1 == words || (code[i + 1] & 0x0fffffff) != DATA(SP) ||
	    (code[i + 1] >> 28 != word >> 28 && code[i + 1] >> 28 != 14)))
		return false;
	return verify_word(renamed(word), MODULE_CODE, MODULE_CODE, 0);
}

uint32_t
verify_bundles(const uint32_t *code, uint32_t size)
{
	if (size == 0 || size % 4 != 0 || size > MODULE_CODE_MAX)
		return 0;
	for (uint32_t i = 0; i < size / 4; i++)
		if (!may_stand(code, i, size / 4))
			return 4 * i;
	return ~0u;
}
