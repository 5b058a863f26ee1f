// The application of the bench: it holds the pins, has the GPIO's page as well, and toggles by each way.

#include <exo/user.h>
#include <libos/memory.h>
#include <libos/module.h>
#include <libos/process.h>
#include <libos/sys.h>
#include <libos/upcall.h>
#include <sfi/page.h>

#include "ways.h"

void by_system_call(uint32_t n), by_page(uint32_t n), by_upcall(uint32_t n), upcall(void);
void by_call(uint32_t module, uint32_t function, const uint32_t *args, uint32_t n);

static int32_t
put(const char *name)
{
	const struct image *image = image_find(name);
	uint32_t refused;

	return image == NULL ? -1 : module_put((const uint8_t *)image + PAGE_SIZE, image->size, &refused);
}

int
main(void)
{
	struct page_op page = { PAGE_NEW, GPIO_PAGE, RIGHT_READ | RIGHT_WRITE, PAGE_ANY, address(&SAVE->cap), 0 };
	uint32_t result, args[sizeof(struct module_end) / 4] = { 0 };

	if (libos_init() < 0 || sys_pages(ENV_SELF, &page, 1, NULL) < 0)
		return 1;
	if (syscall(SYS_PINS, OURS, address(&SAVE->cap), 0, 0) < 0 || syscall(SYS_PIN_WRITE, OURS, 0, 0, 0) < 0)
		return 2;
	if (put("toggle") != TOGGLE || put("caller") != CALLER)
		return 3;
	by_system_call(TOGGLES);
	syscall(SYS_GPIO_PAGE, GPIO_PAGE, 0, 0, 0);
	by_page(TOGGLES);
	SAVE->undefined = address((void *)upcall);
	by_upcall(TOGGLES);
	syscall(SYS_GPIO_PAGE, GPIO_PAGE, 0, 0, 0);
	if (module_run(TOGGLE, 0, TOGGLES, 0, 0, 0, &result) < 0 || module_run(CALLER, 0, 0, 0, 0, 0, &result) < 0)
		return 4;
	by_call(TOGGLE, 1, args, TOGGLES);
	return 0;
}
