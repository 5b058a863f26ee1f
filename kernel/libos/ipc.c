// What of libos/ipc.h is said in C.

#include <libos/ipc.h>
#include <libos/upcall.h>

void upcall_transfer(void);

void
ipc_init(void)
{
	SAVE->transfer = (uintptr_t)upcall_transfer;
}

void
ipc_serve(ipc_handler *handler)
{
	ipc.handler = handler;
	ipc_init();
}
