// An instruction of the application's own: UDF, which no processor has (DDI 0406C, A8.8.247), counts the bits of r0.

#include <libos/io.h>
#include <libos/upcall.h>

static void
count(volatile struct upcall *slot, struct live *live)
{
	(void)live;
	slot->r[0] = __builtin_popcount(slot->r[0]);
	slot->pc += 4;
}

static uint32_t
bits(uint32_t word)
{
	register uint32_t r0 __asm__("r0") = word;

	__asm__ volatile("udf #0" : "+r"(r0));
	return r0;
}

int
main(void)
{
	printf("faults: an instruction that the processor does not have\n");
	on_undefined(count);
	printf("faults: our handler counts bits: %u in 0xff, %u in 0x80000001\n", bits(0xff), bits(0x80000001));
	return 0;
}
