// Tells the parameter block that the kernel sees, and the numbers that follow from its seed.

#include <exo/check.h>

void
check_main(void)
{
	const struct params *p = params();
	uint64_t state = p->seed;

	report("magic 0x%x size %u nonce 0x%llx seed 0x%llx", p->magic, p->size, p->nonce, p->seed);
	report("input_size %u zero %u", p->input_size, p->zero);
	for (unsigned i = 0; i < sizeof(p->key); i++)
		report("key %u", p->key[i]);
	for (unsigned i = 0; i < p->input_size; i++)
		report("input %u", p->input[i]);
	for (unsigned i = 0; i < 8; i++)
		report("random %llu", random64(&state));
}
