// Names for places in the bench's application and modules, which are linked by themselves: the grader knows the
// kernel's symbols. Module n's code begins at MODULE_CODE of window 2n + 1.

#include <exo/kmap.h>
#include <exo/module.h>

#include "pins/ways.h"

.macro at name, address
	.global	\name
	.equ	\name, \address
.endm

	at	system_call_toggle, 0x1000c
	at	page_toggle, 0x1004c
	at	upcall_toggle, 0x10088
	at	upcall_handler, 0x100c0
	at	module_call_begin, 0x10124
	at	module_call_end, 0x10128

#define CODE(module) (ALIAS_BASE + (2 * module + 1) * ALIAS_STEP + MODULE_CODE)

	at	module_toggle, CODE(TOGGLE) + 12	// the first store of toggle.module.c's loop
	at	cross_begin, CODE(CALLER) + 8		// caller.module.S
	at	cross_end, CODE(CALLER) + 12
	at	cross_there, CODE(CALLEE)		// callee.module.S
