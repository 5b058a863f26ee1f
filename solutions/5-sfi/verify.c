// The verifier (exo/verify.h): which words a module may consist of. An allow-list of single words; what is not
// recognised is refused. Sections in brackets are DDI 0406C's.

#include <exo/todo.h>
#include <exo/verify.h>

// BEGIN SOLUTION 5.1
#define SP 13
#define PC 15

// Fields of `word`, by the names that most instructions have for them.
#define BIT(n) (word >> (n) & 1)
#define RN     (word >> 16 & 15)
#define RD     (word >> 12 & 15)
#define RS     (word >> 8 & 15)
#define RM     (word & 15)

#define IS(mask, bits) ((word & (mask)) == (bits))

// Each class of instructions answers with two sets: the registers that its word writes, and in the upper half those
// that it reads. No word may write pc, so that says no as well: UNLESS the word is what it seems to be.
#define READS(r)     (1u << 16 << (r))
#define WRITES(r)    (1u << (r))
#define REFUSED      WRITES(PC)
#define UNLESS(good) ((good) ? 0 : REFUSED)

#define GUARD_R10 0x07d3a010	// bfi r10, rX, #0, #20
#define GUARD_R9  0x07d39110	// bfi r9, rX, #2, #18
#define SET_SP    0x01a0d00a	// mov sp, r10
#define NOP       0x0320f000
#define BX_R9     0x012fff19
#define BLX_R9    0x012fff39

// Base and writeback of a load or store: P is bit 24, W is bit 21.
static inline uint32_t
base(uint32_t word)
{
	bool before = BIT(24), back = BIT(21);

	return UNLESS(RN == 10 ? before && !back : RN == SP && (before || !back));
}

// A register that is loaded or stored; not stored while it is written back.
static inline uint32_t
transfer(uint32_t word, unsigned r, bool load)
{
	bool writeback = !BIT(24) || BIT(21);

	return load ? WRITES(r) : READS(r) | UNLESS(!(writeback && r == RN));
}

static uint32_t
multiply(uint32_t word)				// [A5.2.5]
{
	uint32_t common = WRITES(RN) | READS(RS) | READS(RM);	// here bits 19:16 are Rd, or RdHi

	switch (word >> 20 & 31) {
	case 0 ... 1:				// MUL
		return common | UNLESS(RD == 0);
	case 2 ... 3: case 6:			// MLA, MLS
		return common | READS(RD);
	case 4: case 8 ... 15:			// UMAAL; UMULL, UMLAL, SMULL, SMLAL
		return common | WRITES(RD) | UNLESS(RD != RN);
	}
	return REFUSED;				// swaps, exclusives
}

static uint32_t
halfword_multiply(uint32_t word)		// [A5.2.7]
{
	uint32_t common = WRITES(RN) | READS(RS) | READS(RM);

	switch (word >> 21 & 3) {
	case 0:					// SMLAxy
		return common | READS(RD);
	case 1:					// SMULWy, SMLAWy
		return common | (BIT(5) ? UNLESS(RD == 0) : READS(RD));
	case 2:					// SMLALxy
		return common | WRITES(RD) | UNLESS(RD != RN);
	default:				// SMULxy
		return common | UNLESS(RD == 0);
	}
}

static uint32_t
miscellaneous(uint32_t word)			// [A5.2.12]
{
	if (BIT(7))
		return halfword_multiply(word);
	if (IS(0x0fff0ff0, 0x016f0f10))		// CLZ
		return WRITES(RD) | READS(RM);
	return UNLESS(IS(0x0fffffff, BX_R9) || IS(0x0fffffff, BLX_R9));
}

static uint32_t
halfword_or_double(uint32_t word)		// [A5.2.8]
{
	bool pair = BIT(6) && !BIT(20), load = BIT(20) || (pair && !BIT(5));
	uint32_t first = base(word) | transfer(word, RD, load) | UNLESS(BIT(22));

	return pair ? first | transfer(word, RD + 1, load) | UNLESS(RD % 2 == 0) : first;
}

static inline uint32_t
data_processing(uint32_t word)			// [A5.2.1] to [A5.2.3], but for the second operand
{
	uint32_t common = WRITES(RD) | READS(RN);

	if (!BIT(24))				// AND to RSC
		return common;
	if (!BIT(23))				// TST, TEQ, CMP, CMN
		return common | UNLESS(RD == 0);
	if (!BIT(21))				// ORR, BIC
		return common;
	return IS(0x0fffffff, SET_SP) ? 0 : common | UNLESS(RN == 0);	// MOV, MVN
}

static uint32_t
register_operand(uint32_t word)
{
	if (IS(0x90, 0x90))
		return IS(0x60, 0) ? multiply(word) : halfword_or_double(word);
	if (IS(0x01900000, 0x01000000))
		return miscellaneous(word);
	return data_processing(word) | READS(RM) | (BIT(4) ? READS(RS) : 0);
}

static uint32_t
immediate_operand(uint32_t word)
{
	if (!IS(0x01900000, 0x01000000))
		return data_processing(word);
	return BIT(21) ? UNLESS(IS(0x0fffffff, NOP)) : WRITES(RD);	// MSR and hints [A5.2.11]; MOVW, MOVT
}

static uint32_t
word_or_byte(uint32_t word, uint32_t pins)	// [A5.3]
{
	uint32_t moved = transfer(word, RD, BIT(20));

	if (RN != 8)
		return moved | base(word);
	// P and U set, B and W clear; bits 9:2 of the offset are a mask of pins, the others clear.
	return moved | UNLESS(pins != 0 && IS(0x01e00c03, 0x01800000) && (word >> 2 & 0xff & ~pins) == 0);
}

static uint32_t
media(uint32_t word)				// [A5.4]
{
	unsigned low = word >> 7 & 31, high = word >> 16 & 31;

	if (IS(0x0ffffff0, GUARD_R10) || IS(0x0ffffff0, GUARD_R9))
		return READS(RM);
	if (!BIT(4))				// a load or store with its offset in a register
		return REFUSED;
	if (IS(0x0fe00060, 0x07c00000))		// BFI; BFC, whose source is pc
		return WRITES(RD) | UNLESS(low <= high);
	if (IS(0x0fa00060, 0x07a00040))		// SBFX, UBFX: high is the width less one
		return WRITES(RD) | READS(RM) | UNLESS(low + high < 32);
	if (IS(0x0f8003e0, 0x06800060))		// SXTAB, UXTH and their like; Rn is pc where nothing is added
		return WRITES(RD) | READS(RM) | UNLESS((word >> 20 & 3) != 1);
	if (IS(0x0fd0f0e0, 0x0710f000))		// SDIV, UDIV
		return WRITES(RN) | READS(RS) | READS(RM);
	if (IS(0x0fbf0f60, 0x06bf0f20))		// REV, REV16, RBIT, REVSH
		return WRITES(RD) | READS(RM);
	if (IS(0x0fa00020, 0x06a00000))		// SSAT, USAT
		return WRITES(RD) | READS(RM);
	if (IS(0x0ff00020, 0x06800000))		// PKH
		return WRITES(RD) | READS(RN) | READS(RM);
	return REFUSED;
}

static uint32_t
block(uint32_t word)				// [A5.5]
{
	bool user = BIT(22), back = BIT(21), load = BIT(20);
	uint32_t list = word & 0xffff;
	bool good = list != 0 && !(list & WRITES(SP)) && !user && (RN == SP || (RN == 10 && !back));

	return (load ? list : list << 16) | UNLESS(good);
}

static uint32_t
branch(uint32_t word, uint32_t offset, uint32_t end)	// [A5.5]
{
	uint32_t target = offset + 8 + ((int32_t)(word << 8) >> 6);

	return UNLESS(target < 4 * MODULE_ENTRIES || (target >= MODULE_CODE && target < end));
}

// Compiled twice, so that verify() makes no call of it for each word.
static inline __attribute__((always_inline)) bool
accepted(uint32_t word, uint32_t offset, uint32_t end, uint32_t pins)
{
	uint32_t reserved = WRITES(9) | WRITES(10) | WRITES(SP) | WRITES(PC) | READS(PC) | (pins != 0 ? WRITES(8) : 0);
	uint32_t registers = REFUSED;

	if (word >= 0xf0000000)			// another instruction set [A5.7]
		return false;
	switch (word >> 25 & 7) {		// [A5.1]
	case 0: registers = register_operand(word); break;
	case 1: registers = immediate_operand(word); break;
	case 2: registers = word_or_byte(word, pins); break;
	case 3: registers = media(word); break;
	case 4: registers = block(word); break;
	case 5: registers = branch(word, offset, end); break;
	}					// 6 and 7: coprocessors and SVC
	return (registers & reserved) == 0;
}

bool
verify_word(uint32_t word, uint32_t offset, uint32_t end, uint32_t pins)
{
	return accepted(word, offset, end, pins);
}

uint32_t
verify(const uint32_t *code, uint32_t size, uint32_t pins)
{
	if (size == 0 || size % 4 != 0 || size > MODULE_CODE_MAX)
		return 0;
	for (uint32_t at = 0; at < size; at += 4)
		if (!accepted(code[at / 4], MODULE_CODE + at, MODULE_CODE + size, pins))
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
