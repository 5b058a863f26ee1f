// What an environment is to do next, as the run's input says; and how it says what came of it.
#pragma once

#include <exo/types.h>

enum { EXIT, PINS, FORGED, WRITE, PUT, RUN, DROP, SHARE, POKE, PEEK, BAD_CALL };
enum { OVER, YOURS, NOT_YOURS };

#define SYS_NEXT 40			// (to): the row; whose it is
#define SYS_NOTE 41			// (status, value)

struct row {
	uint32_t env, what, a, b, c, d;
	uint8_t name[8];		// of the capability that is shown
	uint32_t rights;
};
