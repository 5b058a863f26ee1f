// Step 5.3: what the compiler makes of forms/forms.h, and what is written in its way in forms/written.module.s: as it is, here
// in the kernel; and rewritten, as two modules. Each function of both is called with the same, in turn.

#include <exo/check.h>
#include <exo/module.h>
#include <exo/user.h>

#include "forms/forms.h"

#define TIMES 8

uint32_t run(uint32_t seed);			// of forms.S

static int
load(const char *name)
{
	const struct program *p = program_find(name);
	uint32_t refused = 0;
	int n = module_load(p->start, p->end - p->start, 0, 0, &refused);

	report("load %s %d %x", name, n, refused);
	return n;
}

void
check_main(void)
{
	uint32_t (*const of[FORMS + 1])(uint32_t) = { structures, indices, pointers, copies, calls, functions, switches, frames,
		run };
	uint64_t state = params()->seed;
	int forms = load("forms"), written = load("written");

	if (forms < 0 || written < 0)
		return;
	for (unsigned i = 0; i < TIMES * (FORMS + 1); i++) {
		unsigned form = i % (FORMS + 1), n = form < FORMS ? forms : written;
		uint32_t args[4] = { random64(&state) }, result = 0;
		int status = module_call(n, form < FORMS ? form : 0, args, &result);
		const struct module_end *end = &module_find(n)->end;

		if (status != 0) {
			report("stopped %u %u %x %x", form, end->trap, end->pc, end->address);
			return;
		}
		report("form %u %x %x", form, result, of[form](args[0]));
	}
}
