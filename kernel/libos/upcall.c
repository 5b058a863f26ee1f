// Who handles what (libos/upcall.h), and the entry points as an application begins.

#include <exo/error.h>
#include <libos/io.h>
#include <libos/memory.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#define FS_MASK 0x40f			// of DFSR and IFSR: FS[4] and FS[3:0] (DDI 0406C, B4.1.52, B4.1.96)

void upcall_translation(void), upcall_permission(void), upcall_alignment(void), upcall_prefetch_abort(void);
void upcall_undefined(void), upcall_protection(void), upcall_end(void), upcall_begin(void);

extern char slice_stack_top[];

pinned upcall_handler *handle_translation, *handle_permission, *handle_alignment, *handle_prefetch_abort;
pinned upcall_handler *handle_undefined;

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
unhandled(const char *kind)
{
	const volatile struct upcall *slot = &SAVE->exception;

	printf("unhandled %s: address %08x, pc %08x\n", kind, slot->address, slot->pc);
	sys_exit(-E_FAULT);
}

static void
translation(volatile struct upcall *slot, struct live *live)
{
	(void)live;
	pager(slot->address, slot->cause);
}

static void
prefetch_abort(volatile struct upcall *slot, struct live *live)
{
	(void)live;
	switch (slot->cause & FS_MASK) {
	case 0x5:
	case 0x7:
		pager(slot->address, slot->cause);
		break;
	case 0xd:
	case 0xf:
		protection_fault(slot->address, slot->cause);
		break;
	default:
		unhandled("prefetch abort");
	}
}

static void
other_abort(volatile struct upcall *slot, struct live *live)
{
	(void)slot, (void)live;
	unhandled("data abort");
}

static void
alignment(volatile struct upcall *slot, struct live *live)
{
	(void)slot, (void)live;
	unhandled("alignment fault");
}

static void
undefined(volatile struct upcall *slot, struct live *live)
{
	(void)live;
	slot->address = 0;			// the manual says nothing of it
	unhandled("undefined instruction");
}

int
libos_init(void)
{
	slice_sp = (uintptr_t)slice_stack_top;
	SAVE->begin = (uintptr_t)upcall_begin;
	SAVE->end = (uintptr_t)upcall_end;
	for (unsigned fs = 1; fs <= 15; fs++)
		by_status(fs, upcall_permission);
	on_permission(other_abort);
	on_translation(translation);
	by_status(0xd, upcall_protection);
	by_status(0xf, upcall_protection);
	on_alignment(alignment);
	on_prefetch_abort(prefetch_abort);
	on_undefined(undefined);
	return state_adopt();
}
