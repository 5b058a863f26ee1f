// An application that has another one count, and measures what that takes. Both have the same name, so each may send to
// the other.

#include <exo/error.h>

#include "demo.h"

#define FEW  4
#define MANY 20				// what a request costs is what so many more take, by the counter

static uint8_t memory[2 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct endpoint_open answers = { .number = ANSWERS, .pages = 2, .ring = 1 };
static struct message_ring ring;

static void
post(enum what what, uint32_t value)
{
	struct request request = { what, value };

	while (message_post(COUNTER, &request, sizeof request, &SAVE->cap) == -E_NOENT)
		yield(0);		// it has not come so far
}

static uint32_t
answer(void)
{
	uint32_t total = *(const uint32_t *)(const void *)wait_on(&ring)->bytes;

	message_done(&ring);
	return total;
}

static uint32_t
ask(enum what what, uint32_t value)
{
	post(what, value);
	return answer();
}

static uint32_t
cost(enum what what)
{
	uint64_t start = sys_now(), middle;

	for (unsigned n = 0; n < FEW; n++)
		ask(what, 1);
	middle = sys_now();
	for (unsigned n = 0; n < MANY; n++)
		ask(what, 1);
	return (sys_now() - middle - (middle - start)) / (MANY - FEW);
}

int
main(void)
{
	bool at_once;

	libos_init();
	touch(memory);
	touch(memory + PAGE_SIZE);
	answers.memory = address(memory);
	if (messages_open(&answers) < 0 || wait_for(&answers) < 0)
		return 1;
	ring = messages_ring(&answers);

	post(ADD, 5);
	at_once = message_next(&ring) != NULL;
	printf("asker: 5 to be added; the answer is %s\n", at_once ? "there already: nobody else has run" : "to come");
	printf("asker: the total is %u\n", answer());
	printf("asker: and with 7 that the handler leaves to its application, %u\n", ask(LEAVE, 7));
	ask(PEEK, 0x40100000);
	ask(SPIN, 100000);
	printf("asker: the total with 1 more is %u\n", ask(ADD, 1));
	printf("What a request and its answer take, in instructions:\n");
	printf("    by the handler              %5u\n", cost(ADD));
	printf("    by the application, woken   %5u\n", cost(LEAVE));
	post(LAST, 0);
	return 0;
}
