// Segment matching (Wahbe et al. 1993, section 3.2). The invariant is the first design's, and so is what each
// word may be, but for two things: r8 is kept (as if it were for pins), where the data segment begins; and r10
// is set in three words that stand together,
//
//	sub r10, rX, r8 ; usat r10, #20, r10 ; orr r10, r10, r8
//
// Behind the first r10 may be anything, and nothing but the other two comes next. Whoever jumps between them
// brings an r10 that points into the segment: USAT makes 0 of it, and ORR, whatever comes of that, an address
// of the segment again. An address outside of it becomes the segment's first byte or its last, and with 4 KB of
// offset stays in unmapped pages: the access traps, where the first design would go somewhere in the segment.
// So the window is all that jumps need not keep. BFI, which does not match, is refused.

#include <exo/module.h>
#include "rivals.h"

#define R8_PIN  1			// verify_word() keeps r8, and takes [r8] and [r8, #4], unmapped here, for pins
#define IS_SUB  0xe040a008		// sub r10, rX, r8
#define IS_USAT 0xe6f4a01a
#define IS_ORR  0xe18aa008
#define IS_BFI  0x07d3a010		// bfi r10, rX, #0, #20

uint32_t
verify_matching(const uint32_t *code, uint32_t size)
{
	uint32_t words = size / 4;

	if (size == 0 || size % 4 != 0 || size > MODULE_CODE_MAX)
		return 0;
	for (uint32_t i = 0; i < words; i++) {
		uint32_t word = code[i];
		bool good;

		if ((word & 0xfff0ffff) == IS_SUB)
			good = (word >> 16 & 15) != 15 && i + 2 < words && code[i + 1] == IS_USAT &&
			    code[i + 2] == IS_ORR;
		else if (word == IS_USAT)
			good = i > 0 && (code[i - 1] & 0xfff0ffff) == IS_SUB;
		else if (word == IS_ORR || word == MODULE_UDF)
			good = true;
		else
			good = (word & 0x0ffffff0) != IS_BFI &&
			    verify_word(word, MODULE_CODE + 4 * i, MODULE_CODE + size, R8_PIN);
		if (!good)
			return 4 * i;
	}
	return ~0u;
}
