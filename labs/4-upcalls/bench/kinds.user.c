// Faults of each kind, eight times, with sixteen environments alive.

#include <libos/process.h>
#include <libos/sys.h>
#include <libos/upcall.h>

void kinds(void), handler(void), handler_write(void);

int
main(void)
{
	static int32_t child[15];
	uint32_t entries[15], prefetch, undefined;

	if (libos_init() < 0)
		return 1;
	for (int i = 0; i < 15; i++) {
		child[i] = fork();
		if (child[i] == 0)
			for (;;)
				yield(0);
		if (child[i] < 0)
			return 2;
	}
	yield(0);
	prefetch = SAVE->prefetch_abort;
	undefined = SAVE->undefined;
	for (int i = 0; i < 15; i++) {
		entries[i] = SAVE->data_abort[i];
		SAVE->data_abort[i] = (uintptr_t)handler;
	}
	SAVE->data_abort[15 - 0xf] = (uintptr_t)handler_write;
	SAVE->prefetch_abort = SAVE->undefined = (uintptr_t)handler;
	kinds();
	SAVE->prefetch_abort = prefetch;
	SAVE->undefined = undefined;
	for (int i = 0; i < 15; i++)
		SAVE->data_abort[i] = entries[i];
	for (int i = 0; i < 15; i++)
		process_undo(child[i]);
	return 0;
}
