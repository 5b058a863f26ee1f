// What verification costs: the module of cost.S, between two marks.

#include <exo/check.h>
#include <exo/verify.h>

extern const uint32_t cost_code[], cost_code_end[];

static counted uint32_t
verify_once(uint32_t pins)
{
	uint32_t result;

	MARK(cost_begin);
	result = verify(cost_code, (const char *)cost_code_end - (const char *)cost_code, pins);
	MARK(cost_end);
	return result;
}

void
check_main(void)
{
	uint32_t without = verify_once(0), with = verify_once(0xff);

#ifdef __OPTIMIZE__
	report("optimised 1");
#else
	report("optimised 0");
#endif
	report("verified 0x%x 0x%x words %u", without, with, (unsigned)(cost_code_end - cost_code));
}
