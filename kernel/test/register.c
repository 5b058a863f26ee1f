// The tables of exo/register.h, driven by the parameter block's input: words, four for each
// call: which function, the index, the handler, the argument. Handlers are numbers here; nobody
// calls them.

#include <exo/check.h>
#include <exo/register.h>

#include "log.h"

void
check_main(void)
{
	const uint32_t *in = (const uint32_t *)params()->input;

	for (uint32_t i = 0; i < params()->input_size / 16; i++, in += 4) {
		void *arg = (void *)0xdeadbeef;

		switch (in[0]) {
		case 0: log_word(trap_register(in[1], (trap_handler *)in[2])); break;
		case 1: log_word(syscall_register(in[1], (syscall_handler *)in[2])); break;
		case 2: log_word(irq_register(in[1], (irq_handler *)in[2], (void *)in[3])); break;
		case 3: log_word((uint32_t)trap_lookup(in[1])); break;
		case 4: log_word((uint32_t)syscall_lookup(in[1])); break;
		case 5: log_word((uint32_t)irq_lookup(in[1], &arg)); break;
		}
		log_word((uint32_t)arg);
	}
}
