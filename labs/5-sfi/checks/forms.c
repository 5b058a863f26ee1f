// Step 5.3: what the compiler makes of forms/forms.h, as it is, here in the kernel, and rewritten, as a module: each function of
// both is called with the same, in turn.

#include <exo/check.h>
#include <exo/module.h>
#include <exo/user.h>

#include "forms/forms.h"

#define TIMES 8

void
check_main(void)
{
	uint32_t (*const of[FORMS])(uint32_t) = { structures, indices, pointers, copies, calls, functions, switches, frames };
	const struct program *p = program_find("forms");
	uint64_t state = params()->seed;
	uint32_t refused = 0;
	int n = module_load(p->start, p->end - p->start, 0, 0, &refused);

	report("load %d %x", n, refused);
	if (n < 0)
		return;
	for (unsigned i = 0; i < TIMES * FORMS; i++) {
		uint32_t args[4] = { random64(&state) }, result = 0, own;
		int status = module_call(n, i % FORMS, args, &result);
		const struct module_end *end = &module_find(n)->end;

		own = of[i % FORMS](args[0]);
		report("form %u %d %x %x", i % FORMS, status, result, own);
		if (status != 0) {
			report("stopped %u %x %x", end->trap, end->pc, end->address);
			return;
		}
	}
}
