// A field of the frame in network order, wherever it lies (exo/dpfcode.h): byte by byte, which no alignment disturbs.

#include "dpf.h"

void
dpf_field(unsigned base, uint32_t at, unsigned bytes)
{
	for (unsigned n = 0; n < bytes; n++) {
		unsigned rd = n == 0 ? DPF_KEY : DPF_SCRATCH;

		if (at + n < 4096) {
			dpf_emit(a32_memory(true, 1, rd, base, at + n));
		} else {
			dpf_emit(a32_movw(rd, at + n));
			dpf_emit(a32_memory_reg(true, 1, rd, base, rd));
		}
		if (n > 0)
			dpf_emit(a32_dp_shift(ORR, false, DPF_KEY, DPF_SCRATCH, DPF_KEY, LSL, 8));
	}
}
