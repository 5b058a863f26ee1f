// Who handles what (libos/upcall.h), and the entry points as an application begins.

#include <libos/sys.h>
#include <libos/upcall.h>

void upcall_translation(void), upcall_permission(void), upcall_alignment(void), upcall_prefetch_abort(void), upcall_undefined(void);
void upcall_end(void), upcall_begin(void);

upcall_handler *handle_translation, *handle_permission, *handle_alignment, *handle_prefetch_abort, *handle_undefined;

static void
by_status(unsigned fs, void (*entry)(void))
{
	SAVE->data_abort[15 - fs] = (uintptr_t)entry;
}

void
on_translation(upcall_handler *handler)
{
	handle_translation = handler;
	by_status(0x5, upcall_translation);
	by_status(0x7, upcall_translation);
}

void
on_permission(upcall_handler *handler)
{
	handle_permission = handler;
	by_status(0xd, upcall_permission);
	by_status(0xf, upcall_permission);
}

void
on_alignment(upcall_handler *handler)
{
	handle_alignment = handler;
	by_status(0x1, upcall_alignment);
}

void
on_prefetch_abort(upcall_handler *handler)
{
	handle_prefetch_abort = handler;
	SAVE->prefetch_abort = (uintptr_t)upcall_prefetch_abort;
}

void
on_undefined(upcall_handler *handler)
{
	handle_undefined = handler;
	SAVE->undefined = (uintptr_t)upcall_undefined;
}

void
libos_init(void)
{
	SAVE->begin = (uintptr_t)upcall_begin;
	SAVE->end = (uintptr_t)upcall_end;
}
