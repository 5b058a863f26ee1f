// An environment that loads, calls and shares modules, and takes pins, as it is told (owners.c).

#include <exo/error.h>
#include <exo/string.h>
#include <libos/module.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#include "row.h"

extern const uint8_t toy[], toy_end[], pinned[], pinned_end[];

static void
note(int32_t status, uint32_t value)
{
	syscall(SYS_NOTE, status, value, 0, 0);
}

static void
told(uint32_t module, const struct module_end *end)
{
	note(end->status, module << 28 | end->trap << 24 | end->pc);
	note(end->cause, end->address);
}

static int32_t
pins(const struct row *r)
{
	struct cap cap = { .rights = r->rights };
	int32_t error;

	memcpy(cap.name, r->name, sizeof cap.name);
	error = sys_cap_narrow(&SAVE->cap, &cap);
	if (r->what == FORGED)
		cap.mac ^= 1;
	return error < 0 ? -100 : syscall(SYS_PINS, r->a, r->b ? r->b : address(&cap), 0, 0);
}

static void
act(const struct row *r)
{
	uint32_t value = 0;
	int32_t status = 0;

	switch (r->what) {
	case PINS:
	case FORGED:
		status = pins(r);
		break;
	case WRITE:
		status = syscall(SYS_PIN_WRITE, r->a, r->b, 0, 0);
		break;
	case PUT:
		status = r->a ? module_put(pinned, pinned_end - pinned, &value) :
		    module_put(toy, toy_end - toy, &value);
		break;
	case RUN:
		status = module_run(r->a, r->b, r->c, r->d, 0, 0, &value);
		break;
	case DROP:
		status = module_drop(r->a);
		break;
	case SHARE:
		status = module_share(r->a, r->b, r->c);
		break;
	case POKE:
		*(volatile uint32_t *)(uintptr_t)r->a = r->b;
		break;
	case PEEK:
		value = *(volatile uint32_t *)(uintptr_t)r->a;
		break;
	case BAD_CALL:
		status = syscall(r->a, r->b, r->c, r->d, 0);
		break;
	}
	note(status, value);
}

int
main(void)
{
	struct row row = { 0 };
	int32_t whose;

	if (libos_init() < 0)
		return 1;
	on_module_end(told);
	while ((whose = syscall(SYS_NEXT, address(&row), 0, 0, 0)) != OVER) {
		if (whose == NOT_YOURS)
			yield(0);
		else if (row.what == EXIT)
			return 0;
		else
			act(&row);
	}
	return 0;
}
