// What of libos/ipc.h is said in C.

#include <libos/ipc.h>
#include <libos/upcall.h>

extern struct {			// in ipc.S
	uint32_t peer, sp;	// whom a call waits for, and where
	ipc_handler *handler;
	uint32_t busy;
} ipc;

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
