// What server and client agree on.
#pragma once

#include <exo/types.h>

#define SERVICE 5			// end points
#define REPLIES 6

// A message to SERVICE: `add` is added to the sum, and the reply, the same with the sum in it, goes to REPLIES. 0 is no
// number to add: the handler leaves that message to the application.
struct request {
	uint32_t serial, add, sum;
};
