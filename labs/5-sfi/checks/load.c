// Module files of every kind, as the run's input says, whose code is NOPs: loaded, counted, unloaded. Those that are
// to stay are looked at from outside, by test_gate.py.

#include <exo/board.h>
#include <exo/check.h>
#include <exo/error.h>
#include <exo/module.h>
#include <exo/page.h>
#include <exo/string.h>

#define FREE 0x400000			// bytes of RAM, for all to be quick

struct input_file {
	struct module_file head;
	uint32_t size;			// that module_load() is told
	uint32_t svc;			// the word of the code that is an SVC; ~0: none
	uint32_t keep;			// it stays loaded
	uint32_t left;			// so many pages are free; ~0: as they are
};

struct outcome {
	int32_t number;
	uint32_t refused;
	uint32_t before, loaded, after;	// pages that are free
	int32_t again;			// what unloading it twice returned the second time
};

struct outcome outcomes[128];

static uint32_t file[(sizeof(struct module_file) + MODULE_CODE_MAX + MODULE_DATA_MAX) / 4 + 2];
static physaddr_t taken[FREE / PAGE_SIZE];
static uint32_t count;

static void
leave_free(uint32_t left)
{
	static const struct guard nobody;

	while (page_free_count() > left)
		page_alloc(PAGE_ANY, OWNER_KERNEL, &nobody, &taken[count++]);
	while (count > 0 && page_free_count() < left)
		page_release(taken[--count]);
}

void
check_main(void)
{
	const struct input_file *in = (const struct input_file *)params()->input;
	uint32_t files = params()->input_size / sizeof *in;

	page_init(BOARD_PARAMS_PA - FREE, BOARD_PARAMS_PA);
	for (uint32_t i = sizeof(struct module_file) / 4; i < ARRAY_SIZE(file); i++)
		file[i] = 0xe320f000;
	for (uint32_t i = 0; i < files; i++, in++) {
		struct outcome *o = &outcomes[i];
		uint32_t *svc = in->svc != ~0u ? file + sizeof in->head / 4 + in->svc : file;

		leave_free(in->left);
		*svc = 0xef000000;
		memcpy(file, &in->head, sizeof in->head);
		o->before = page_free_count();
		o->refused = 0x12345678;
		o->number = module_load(file, in->size, 0, 0, &o->refused);
		o->loaded = page_free_count();
		if (svc != file)
			*svc = 0xe320f000;
		if (o->number >= 0 && !in->keep)
			module_unload(o->number);
		o->again = in->keep ? 0 : module_unload(o->number);
		o->after = page_free_count();
	}
}
