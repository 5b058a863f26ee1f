// fault_decode() on whatever the run's input has for the fault registers, which can be written as well
// as read.

#include <exo/arm.h>
#include <exo/check.h>
#include <exo/string.h>
#include <exo/trap.h>

struct question {
	uint32_t number, dfsr, dfar, ifsr, ifar;
};

struct answer {
	uint32_t kind, address, level, domain, write, asynchronous;
};

struct answer answers[1024];

void
check_main(void)
{
	const struct question *q = (const struct question *)params()->input;

	for (uint32_t i = 0; i < params()->input_size / sizeof *q; i++, q++) {
		struct fault f;

		memset(&f, 0x5a, sizeof f);
		dfsr_write(q->dfsr);
		dfar_write(q->dfar);
		ifsr_write(q->ifsr);
		ifar_write(q->ifar);
		fault_decode(q->number, &f);
		answers[i] = (struct answer){ f.kind, f.address, f.level, f.domain, f.write, f.asynchronous };
	}
}
