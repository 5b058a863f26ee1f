// What the demo's programs and modules have in common.
#pragma once

#define BLINK 0				// modules, in the order they are loaded
#define BLINK_TOGGLE  0			// (n): pin 0, n times; n
#define BLINK_FOREVER 1
#define BLINK_FAULT   2			// (address): store there, as far as it gets
#define BLINK_ASK     3			// (n): have TALLY add n; the sum, or -E_*

#define TALLY 1
#define TALLY_ADD 0			// (n): the sum of all that was added
#define TALLY_ASK 1			// (n): have BLINK toggle n times; n, or -E_*

#define SUM 12				// when the other has been told enough
