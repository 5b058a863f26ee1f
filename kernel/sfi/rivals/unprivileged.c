// LDRT and STRT: the first design's words, and unprivileged accesses to anywhere, which the MMU judges as if
// the owner's application made them. They write their base, so that is none of the registers that are kept, nor
// what is transferred [A8.8.92 and its like]. In production the module runs under its owner's TTBR0, whose
// pages its data are; accesses by sp and r10 are privileged, so the stack is a megabyte of the owner's, alone
// between unmapped ones, where sp and r10 always point. There are no T forms of LDM, STM, LDRD and STRD: other
// bases than those two are refused, and the rewriter makes several accesses of one.

#include <exo/module.h>
#include "rivals.h"

#define KEPT (1 << 9 | 1 << 10 | 1 << 13 | 1 << 15)

static bool
unprivileged(uint32_t word)
{
	unsigned rn = word >> 16 & 15, rt = word >> 12 & 15, rm = word & 15, half = word >> 5 & 3;
	bool loads = word >> 20 & 1, reg;

	if (word >> 28 == 15 || KEPT >> rn & 1 || rt == rn || (loads ? KEPT >> rt & 1 : rt == 15))
		return false;
	if ((word & 0x0d200000) == 0x04200000) {	// LDRT, STRT, LDRBT, STRBT: P is 0, W is 1
		reg = word >> 25 & 1;
		return !reg || (!(word >> 4 & 1) && rm != 15);
	}
	if ((word & 0x0f200090) != 0x00200090 || half == 0 || (!loads && half != 1))
		return false;
	reg = !(word >> 22 & 1);		// LDRHT, STRHT, LDRSBT, LDRSHT
	return !reg || ((word >> 8 & 15) == 0 && rm != 15);
}

uint32_t
verify_unprivileged(const uint32_t *code, uint32_t size)
{
	if (size == 0 || size % 4 != 0 || size > MODULE_CODE_MAX)
		return 0;
	for (uint32_t at = 0; at < size; at += 4)
		if (!unprivileged(code[at / 4]) && !verify_word(code[at / 4], MODULE_CODE + at, MODULE_CODE + size, 0))
			return at;
	return ~0u;
}
