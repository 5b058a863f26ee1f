// An application that holds pin 0, and has a module that toggles it; then it counts what toggling costs, by each way.

#include <exo/error.h>
#include <exo/page.h>
#include <sfi/page.h>

#include "programs.h"

#define FEW  10
#define MANY 30				// what a way costs is what so many more toggles take, by the counter

static void
told(uint32_t module, const struct module_end *end)
{
	if (end->status == -E_TIME)
		printf("blinker: told that module %u was stopped at 0x%x, after %u instructions\n", module, end->pc,
		    MODULE_TICKS);
	else
		printf("blinker: told that module %u was stopped at 0x%x, by a data abort: DFSR 0x%x, DFAR 0x%x\n",
		    module, end->pc, end->cause, end->address);
}

static uint32_t
run(uint32_t function, uint32_t argument)
{
	uint32_t result = 0;
	int32_t status = module_run(BLINK, function, argument, 0, 0, 0, &result);

	return status < 0 ? (uint32_t)status : result;
}

static void
by_system_call(uint32_t n)
{
	do {
		pin_write(1, 1);
		pin_write(1, 0);
	} while (--n);
}

static void
by_page(uint32_t n)
{
	volatile uint32_t *pin = (volatile uint32_t *)(GPIO_PAGE + (1 << 2));

	do {
		*pin = 1;
		*pin = 0;
	} while (--n);
}

static void
by_module(uint32_t n)
{
	run(BLINK_TOGGLE, n);
}

static uint32_t
cost(void (*way)(uint32_t))
{
	uint64_t start = sys_now(), middle;

	way(FEW);
	middle = sys_now();
	way(MANY);
	return (sys_now() - middle - (middle - start)) / (MANY - FEW);
}

static void
costs(void)
{
	struct page_op page = { PAGE_NEW, GPIO_PAGE, RIGHT_READ | RIGHT_WRITE, PAGE_ANY, address(&SAVE->cap), 0 };

	printf("What a toggle costs, in instructions:\n");
	printf("    by two system calls  %3u\n", cost(by_system_call));
	sys_pages(ENV_SELF, &page, 1, NULL);
	syscall(SYS_GPIO_PAGE, GPIO_PAGE, 0, 0, 0);
	printf("    by a mapped page     %3u  and with it all eight pins\n", cost(by_page));
	syscall(SYS_GPIO_PAGE, GPIO_PAGE, 0, 0, 0);
	printf("    by a module          %3u\n", cost(by_module));
}

int
main(void)
{
	uint32_t words, refused;
	int32_t sum;

	libos_init();
	on_module_end(told);
	pin_hold(1);
	pin_write(1, 0);
	if (put("blink", &words, &refused) != BLINK)
		return 1;
	printf("blinker: pin 0 is ours; blink, %u words, is accepted as module %u\n", words, BLINK);
	printf("blinker: blink has toggled it %u times\n", run(BLINK_TOGGLE, 3));
	run(BLINK_FOREVER, 0);
	run(BLINK_FAULT, 0x40100000);
	while ((sum = run(BLINK_ASK, 5)) == -E_NOENT)
		yield(0);
	printf("blinker: blink had another owner's module add 5, and then 7: %d, ", sum);
	printf("%d\n", (int32_t)run(BLINK_ASK, SUM - 5));
	while (run(BLINK_ASK, 0) != (uint32_t)-E_NOENT)
		yield(0);
	printf("blinker: its owner has ended, and the module with it\n");
	costs();
	return 0;
}
