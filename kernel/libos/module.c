// Modules by system calls (libos/module.h).

#include <exo/error.h>
#include <exo/string.h>
#include <libos/module.h>
#include <libos/sys.h>

static module_handler *handler;

void
on_module_end(module_handler *new)
{
	handler = new;
}

int32_t
module_put(const void *file, uint32_t size, uint32_t *refused)
{
	*(volatile uint32_t *)refused = 0;	// so that it is there for the kernel
	return syscall(SYS_MODULE_LOAD, address(file), size, address(refused), 0);
}

int32_t
module_run(uint32_t module, uint32_t call, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3,
    uint32_t *result)
{
	uint32_t told[sizeof(struct module_end) / 4] = { a0, a1, a2, a3 };
	struct module_end end;
	int32_t status = syscall(SYS_MODULE_CALL, module, call, address(told), 0);

	if (status == 0)
		*result = told[0];
	memcpy(&end, told, sizeof end);
	if ((status == -E_FAULT || status == -E_TIME) && end.status == status && handler != NULL)
		handler(module, &end);
	return status;
}

int32_t
module_drop(uint32_t module)
{
	return syscall(SYS_MODULE_UNLOAD, module, 0, 0, 0);
}

int32_t
module_share(uint32_t module, uint32_t offset, uint32_t va)
{
	int32_t pa = syscall(SYS_MODULE_PAGE, module, offset, 0, 0);
	struct page_op op = { PAGE_BIND, va, RIGHT_READ | RIGHT_WRITE, pa, address(&SAVE->cap), 0 };
	int32_t done = pa < 0 ? pa : sys_pages(ENV_SELF, &op, 1, NULL);

	return done < 0 ? done : 0;
}
