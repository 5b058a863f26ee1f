// What the bench's parts have in common: who toggles which pin, how often, and where who is called lies.
#pragma once

#define BY_SYSTEM_CALL 0x01		// pins, as a mask has them
#define BY_PAGE        0x02
#define BY_UPCALL      0x04
#define BY_MODULE      0x08
#define NATIVELY       0x10
#define OURS           0x0f		// the application's

#define TOGGLES 9			// eight are counted: from one to the next

#define CALLEE 0			// modules, in the order they are loaded
#define TOGGLE 1
#define CALLER 2
