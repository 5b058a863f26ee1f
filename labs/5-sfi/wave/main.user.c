// An application that toggles pin 0 by system call and pin 1 by its module, twice each.

#include <libos/module.h>
#include <libos/process.h>
#include <libos/sys.h>
#include <libos/upcall.h>

int
main(void)
{
	const struct image *image;
	uint32_t result, refused;
	int32_t module;

	if (libos_init() < 0 || (image = image_find("toggle")) == NULL)
		return 1;
	if (syscall(SYS_PINS, 3, address(&SAVE->cap), 0, 0) < 0 || syscall(SYS_PIN_WRITE, 3, 0, 0, 0) < 0)
		return 2;
	module = module_put((const uint8_t *)image + PAGE_SIZE, image->size, &refused);
	if (module < 0)
		return 3;
	for (unsigned i = 0; i < 2; i++) {
		syscall(SYS_PIN_WRITE, 1, 1, 0, 0);
		syscall(SYS_PIN_WRITE, 1, 0, 0, 0);
	}
	return module_run(module, 0, 2, 0, 0, 0, &result);
}
