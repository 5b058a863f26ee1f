// The verifier (exo/verify.h): which words a module may consist of. An allow-list of single words; what is not
// recognised is refused. Sections in brackets are DDI 0406C's.

#include <exo/todo.h>
#include <exo/verify.h>

// BEGIN SOLUTION 5.1
#define GUARD_R10 0x07d3a010	// bfi r10, rX, #0, #20
#define GUARD_R9  0x07d39110	// bfi r9, rX, #2, #18
#define SET_SP    0x01a0d00a	// mov sp, r10
#define NOP       0x0320f000
#define BX_R9     0x012fff19
#define BLX_R9    0x012fff39

#define SP 13
#define PC 15

static unsigned
field(uint32_t word, unsigned lowest, unsigned bits)
{
	return word >> lowest & ((1u << bits) - 1);
}

#define BIT(n) (word >> (n) & 1)
#define RN     field(word, 16, 4)
#define RD     field(word, 12, 4)
#define RS     field(word, 8, 4)
#define RM     field(word, 0, 4)

// Is the word this instruction: are the bits of the mask so?
#define IS(mask, bits) ((word & (mask)) == (bits))

// The registers that no instruction may write but for the guards.
static uint32_t
reserved(uint32_t pins)
{
	return 1 << 9 | 1 << 10 | 1 << SP | 1 << PC | (pins != 0) << 8;
}

#define writable(r) (!(reserved(pins) >> (r) & 1))

// Base, offset and writeback of a load or store with an immediate; what it transfers the caller knows.
static bool
is_access(uint32_t word)
{
	bool before = BIT(24), back = BIT(21);

	return RN == 10 ? before && !back : RN == SP && (before || !back);
}

// Rt of one that transfers a register: r is written, or stored. One that is written back is not stored, too.
static bool
is_transferred(uint32_t word, unsigned r, uint32_t pins, bool loads)
{
	bool writeback = !BIT(24) || BIT(21);

	return loads ? writable(r) : r != PC && !(writeback && r == RN);
}

static bool
multiply(uint32_t word, uint32_t pins)		// [A5.2.5]
{
	unsigned op = field(word, 21, 3);

	if (BIT(24) || RS == PC || RM == PC || !writable(RN))
		return false;			// Rd, or RdHi, is where Rn is elsewhere
	switch (op) {
	case 0:					// MUL
		return RD == 0;
	case 1:					// MLA
		return RD != PC;
	case 3:					// MLS
		return !BIT(20) && RD != PC;
	case 2:					// UMAAL
		if (BIT(20))
			return false;
		// fallthrough
	default:				// UMULL, UMLAL, SMULL, SMLAL
		return writable(RD) && RD != RN;
	}
}

static bool
halfword_or_double(uint32_t word, uint32_t pins)	// [A5.2.8]
{
	unsigned op = field(word, 5, 2);
	bool pair = op >= 2 && !BIT(20), loads = BIT(20) || op == 2;

	if (!BIT(22) || !is_access(word) || !is_transferred(word, RD, pins, loads))
		return false;
	return !pair || (RD % 2 == 0 && is_transferred(word, RD + 1, pins, loads));
}

static bool
miscellaneous(uint32_t word, uint32_t pins)	// [A5.2.12], halfword multiplies [A5.2.7]
{
	unsigned op = field(word, 21, 2);

	if (IS(0x0fffffff, BX_R9) || IS(0x0fffffff, BLX_R9))
		return true;
	if (IS(0x0fff0ff0, 0x016f0f10))		// CLZ
		return writable(RD) && RM != PC;
	if (!BIT(7) || BIT(4) || RS == PC || RM == PC || !writable(RN))
		return false;
	if (op == 3 || (op == 1 && BIT(5)))	// SMULxy, SMULWy
		return RD == 0;
	return op == 2 ? writable(RD) && RD != RN : RD != PC;	// SMLALxy; SMLAxy, SMLAWy
}

static bool
data_processing(uint32_t word, uint32_t pins)	// [A5.2.1] to [A5.2.3]
{
	unsigned op = field(word, 21, 4);

	if (op >= 8 && op <= 11)		// TST, TEQ, CMP, CMN
		return RD == 0 && RN != PC;
	if (!writable(RD))
		return false;
	return op == 13 || op == 15 ? RN == 0 : RN != PC;	// MOV, MVN
}

static bool
registers(uint32_t word, uint32_t pins)		// bits 27:25 are 000
{
	if (BIT(7) && BIT(4))
		return IS(0x60, 0) ? multiply(word, pins) : halfword_or_double(word, pins);
	if (IS(0x01900000, 0x01000000))
		return miscellaneous(word, pins);
	if (IS(0x0fffffff, SET_SP))
		return true;
	return RM != PC && !(BIT(4) && RS == PC) && data_processing(word, pins);
}

static bool
immediate(uint32_t word, uint32_t pins)		// 001
{
	if (IS(0x0fb00000, 0x03000000))		// MOVW, MOVT
		return writable(RD);
	if (IS(0x01900000, 0x01000000))		// MSR, hints
		return IS(0x0fffffff, NOP);
	return data_processing(word, pins);
}

static bool
word_or_byte(uint32_t word, uint32_t pins)	// 010 [A5.3]
{
	unsigned offset = field(word, 0, 12);

	if (!is_transferred(word, RD, pins, BIT(20)))
		return false;
	if (pins != 0 && RN == 8)
		return IS(0x01e00000, 0x01800000) && offset % 4 == 0 && (offset / 4 & ~pins) == 0;
	return is_access(word);
}

static bool
media(uint32_t word, uint32_t pins)		// 011 [A5.4]
{
	unsigned low = field(word, 7, 5), high = field(word, 16, 5);

	if (!BIT(4))				// a load or store with its offset in a register
		return false;
	if (IS(0x0ffffff0, GUARD_R10) || IS(0x0ffffff0, GUARD_R9))
		return RM != PC;
	if (IS(0x0ff0f0f0, 0x0710f010) || IS(0x0ff0f0f0, 0x0730f010))	// SDIV, UDIV
		return writable(RN) && RS != PC && RM != PC;
	if (!writable(RD))
		return false;
	if (IS(0x0fe00070, 0x07c00010))		// BFI; BFC, whose Rn is PC
		return high >= low;
	if (RM == PC)
		return false;
	if (IS(0x0fa00070, 0x07a00050))		// SBFX, UBFX
		return low + high < 32;
	if (IS(0x0fa00030, 0x06a00010))		// SSAT, USAT
		return true;
	if (IS(0x0ff00030, 0x06800010))		// PKH
		return RN != PC;
	if (IS(0x0f8003f0, 0x06800070))		// SXTAB, UXTH and their like, Rn PC where nothing is added
		return field(word, 20, 2) != 1;
	return IS(0x0fbf0f70, 0x06bf0f30);	// REV, REV16, RBIT, REVSH
}

static bool
block(uint32_t word, uint32_t pins)		// 100 [A5.5]
{
	uint32_t list = word & 0xffff;

	if (list == 0 || list & (1 << SP | 1 << PC) || BIT(22) || (BIT(20) && list & reserved(pins)))
		return false;
	return RN == SP || (RN == 10 && !BIT(21));
}

static bool
branch(uint32_t word, uint32_t offset, uint32_t end)	// 101 [A8.8.18], [A8.8.25]
{
	uint32_t target = offset + 8 + (uint32_t)((int32_t)(word << 8) >> 6);

	return target < 4 * MODULE_ENTRIES || (target >= MODULE_CODE && target < end);
}

bool
verify_word(uint32_t word, uint32_t offset, uint32_t end, uint32_t pins)
{
	if (word >> 28 == 15)			// the unconditional space [A5.7]
		return false;
	switch (field(word, 25, 3)) {
	case 0:
		return registers(word, pins);
	case 1:
		return immediate(word, pins);
	case 2:
		return word_or_byte(word, pins);
	case 3:
		return media(word, pins);
	case 4:
		return block(word, pins);
	case 5:
		return branch(word, offset, end);
	}
	return false;				// coprocessors and SVC
}

uint32_t
verify(const uint32_t *code, uint32_t size, uint32_t pins)
{
	if (size == 0 || size % 4 != 0 || size > MODULE_CODE_MAX)
		return 0;
	for (uint32_t at = 0; at < size; at += 4)
		if (!verify_word(code[at / 4], MODULE_CODE + at, MODULE_CODE + size, pins))
			return at;
	return ~0u;
}
// INSTEAD
//| bool
//| verify_word(uint32_t word, uint32_t offset, uint32_t end, uint32_t pins)
//| {
//| 	// TODO 5.1: what exo/verify.h says is accepted, and nothing else.
//| 	(void)word, (void)offset, (void)end, (void)pins;
//| 	todo("5.1");
//| 	return false;
//| }
//|
//| uint32_t
//| verify(const uint32_t *code, uint32_t size, uint32_t pins)
//| {
//| 	// TODO 5.1: the size, then every word where it will stand.
//| 	(void)code, (void)size, (void)pins;
//| 	todo("5.1");
//| 	return 0;
//| }
// END SOLUTION
