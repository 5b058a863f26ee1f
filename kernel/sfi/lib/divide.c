// What GCC calls for 64-bit divisions and, with -Os, shifts, by the names of ARM's run-time ABI (IHI 0043). Quotient
// and remainder are wanted in r0 to r3, which C cannot return: but that is where arguments lie, so a function that does
// nothing is called with them.

#include <exo/types.h>

static __attribute__((noipa)) void
both(uint64_t quotient, uint64_t remainder)
{
	(void)quotient, (void)remainder;
}

static inline uint64_t
divide(uint64_t n, uint64_t d, uint64_t *remainder)
{
	uint64_t quotient = 0, rest = 0;
	int bit = 64;

	if (d == 0) {
		*remainder = n;
		return 0;
	}
	if (n >> 32 == 0 && d >> 32 == 0) {
		uint32_t small = (uint32_t)n / (uint32_t)d;

		*remainder = (uint32_t)n - small * (uint32_t)d;
		return small;
	}
	if (n >> 32 == 0) {			// the first 32 bits are 0
		n <<= 32;
		bit = 32;
	}
	for (; bit > 0; bit--, n <<= 1) {
		bool carry = rest >> 63;

		rest = rest << 1 | n >> 63;
		quotient <<= 1;
		if (carry || rest >= d) {
			rest -= d;
			quotient |= 1;
		}
	}
	*remainder = rest;
	return quotient;
}

void
__aeabi_uldivmod(uint64_t n, uint64_t d)
{
	uint64_t remainder, quotient = divide(n, d, &remainder);

	both(quotient, remainder);
}

void
__aeabi_ldivmod(int64_t n, int64_t d)
{
	uint64_t remainder, quotient;

	quotient = divide(n < 0 ? -(uint64_t)n : (uint64_t)n, d < 0 ? -(uint64_t)d : (uint64_t)d, &remainder);
	both((n < 0) != (d < 0) ? -quotient : quotient, n < 0 ? -remainder : remainder);
}

uint64_t
__aeabi_llsl(uint64_t n, int bits)
{
	return n << bits;
}

uint64_t
__aeabi_llsr(uint64_t n, int bits)
{
	return n >> bits;
}

int64_t
__aeabi_lasr(int64_t n, int bits)
{
	return n >> bits;
}
