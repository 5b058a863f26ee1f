// How lab 5 joins the kernel: its system calls (exo/syscall.h), the interrupt that ends a module's time, what
// becomes of modules and pins when an environment ends. Given.

#include <exo/board.h>
#include <exo/env.h>
#include <exo/error.h>
#include <exo/gic.h>
#include <exo/gpio.h>
#include <exo/module.h>
#include <exo/register.h>
#include <exo/syscall.h>
#include <exo/trap.h>

// The caller's module of that number; null: there is none.
static struct module *
own(uint32_t n)
{
	struct module *m = module_find(n);

	return m != NULL && m->owner == env_current()->id ? m : NULL;
}

static int32_t
sys_module_load(uint32_t file, uint32_t size, uint32_t refused, uint32_t a3)
{
	uint32_t id = env_current()->id, at;
	int error;

	(void)a3;
	if (user_check(file, size, false) < 0 || user_check(refused, sizeof at, true) < 0)
		return -E_FAULT;
	error = module_load((const void *)(uintptr_t)file, size, id, gpio_held(id), &at);
	if (error == -E_PERM)
		copy_out(refused, &at, sizeof at);
	return error;
}

static int32_t
sys_module_call(uint32_t n, uint32_t call, uint32_t at, uint32_t a3)
{
	union { uint32_t args[4]; struct module_end end; } told;
	struct module *m = own(n);
	int status;

	(void)a3;
	if (m == NULL)
		return -E_NOENT;
	if (user_check(at, sizeof told, true) < 0)
		return -E_FAULT;
	copy_in(told.args, at, sizeof told.args);
	status = module_call(n, call, told.args, &told.args[0]);
	if (status == 0)
		copy_out(at, told.args, sizeof told.args[0]);
	if (status == -E_FAULT || status == -E_TIME)
		copy_out(at, &m->end, sizeof m->end);
	return status;
}

static int32_t
sys_module_unload(uint32_t n, uint32_t a1, uint32_t a2, uint32_t a3)
{
	(void)a1, (void)a2, (void)a3;
	return own(n) != NULL ? module_unload(n) : -E_NOENT;
}

static int32_t
sys_module_page(uint32_t n, uint32_t offset, uint32_t a2, uint32_t a3)
{
	physaddr_t pa;
	int error = own(n) != NULL ? module_page(n, offset, &pa) : -E_NOENT;

	(void)a2, (void)a3;
	return error < 0 ? error : (int32_t)pa;
}

static void
ended(uint32_t id)
{
	module_forget(id);
	gpio_forget(id);
}

void
lab5_init(void)
{
	syscall_register(SYS_MODULE_LOAD, sys_module_load);
	syscall_register(SYS_MODULE_CALL, sys_module_call);
	syscall_register(SYS_MODULE_UNLOAD, sys_module_unload);
	syscall_register(SYS_MODULE_PAGE, sys_module_page);
	syscall_register(SYS_PINS, sys_pins);
	syscall_register(SYS_PIN_WRITE, sys_pin_write);
	env_on_end(ended);
	gic_urgent(BOARD_VTIMER_IRQ);
	gic_enable(BOARD_VTIMER_IRQ);
}
