// The stranger: it has no capability for the server, and no end point of its own.

#include <exo/error.h>
#include <libos/io.h>
#include <libos/message.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#include "service.h"

int
main(void)
{
	static const struct request request = { 1, 1, 0 };
	int32_t error;

	if (libos_init() < 0)
		return 1;
	while ((error = message_post(SERVICE, &request, sizeof request, &SAVE->cap)) == -E_NOENT)
		yield(0);
	printf("stranger: to the server %d, to the network %d\n", (int)error,
	    (int)message_post(SEND_NETWORK, &request, sizeof request, NULL));
	return 0;
}
