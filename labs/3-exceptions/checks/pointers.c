// What an application says about its memory, as the run's input has it: checked, copied from and copied
// to, while the application waits in a system call. What was copied is kept as a hash.

#include <exo/board.h>
#include <exo/check.h>
#include <exo/page.h>
#include <exo/register.h>
#include <exo/string.h>
#include <exo/trap.h>
#include <exo/user.h>

#define PAIR   0x100000		// two pages to read and write
#define MIXED  0x110000		// one to read, then one to read and write
#define CODE   0x130000		// one to read and execute
#define SHUT   0x140000		// one that is mapped for nothing; behind it one to read and write
#define LAST   0x3ffff000	// the last page there is
#define BUFFER 0x3000

enum { CHECK_READ, CHECK_WRITE, COPY_IN, COPY_OUT };

struct question {
	uint32_t what, va, size;
};

struct answer {
	int32_t status;
	uint32_t buffer, memory;	// hashes: of what is here, of what is there
};

struct answer answers[1024];
int32_t result, alone[2];
uint32_t leaked;

static const uint32_t pages[] = { PAIR, PAIR + PAGE_SIZE, MIXED, MIXED + PAGE_SIZE, CODE, SHUT, SHUT + PAGE_SIZE, LAST };
static uint32_t buffer[BUFFER / 4];

static uint32_t *
page_of(uint32_t va)
{
	struct mapping m;

	as_lookup(user_space(), va, &m);
	return p2v(m.pa);
}

// FNV-1a by words, and the patterns that test_exceptions.py knows.
static uint32_t
hash(uint32_t h, const uint32_t *word, uint32_t n)
{
	while (n-- > 0)
		h = (h ^ *word++) * 16777619;
	return h;
}

static int32_t
sys_ask(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
	const struct question *q = (const struct question *)params()->input;
	struct aspace *as = user_space();

	(void)a1, (void)a2, (void)a3;
	user_map(as, PAIR, 2 * PAGE_SIZE, RIGHT_READ | RIGHT_WRITE);
	user_map(as, MIXED, PAGE_SIZE, RIGHT_READ);
	user_map(as, MIXED + PAGE_SIZE, PAGE_SIZE, RIGHT_READ | RIGHT_WRITE);
	user_map(as, CODE, PAGE_SIZE, RIGHT_READ | RIGHT_EXEC);
	user_map(as, SHUT, PAGE_SIZE, 0);
	user_map(as, SHUT + PAGE_SIZE, PAGE_SIZE, RIGHT_READ | RIGHT_WRITE);
	user_map(as, LAST, PAGE_SIZE, RIGHT_READ | RIGHT_WRITE);
	for (uint32_t i = 0; i < params()->input_size / sizeof *q; i++, q++) {
		struct answer *a = &answers[i];

		if (q->what == CHECK_READ || q->what == CHECK_WRITE) {
			a->status = user_check(q->va, q->size, q->what == CHECK_WRITE);
			continue;
		}
		for (uint32_t j = 0; j < BUFFER / 4; j++)
			buffer[j] = 0x9e3779b9 * (j + 1);
		for (uint32_t p = 0; p < ARRAY_SIZE(pages); p++) {
			uint32_t *word = page_of(pages[p]);

			for (uint32_t j = 0; j < PAGE_SIZE / 4; j++)
				word[j] = 0x85ebca6b * (p * 1024 + j + 1);
		}
		a->status = q->what == COPY_IN ? copy_in(buffer, q->va, q->size) : copy_out(q->va, buffer, q->size);
		a->buffer = hash(0, buffer, BUFFER / 4);
		for (uint32_t p = 0; p < ARRAY_SIZE(pages); p++)
			a->memory = hash(a->memory, page_of(pages[p]), PAGE_SIZE / 4);
	}
	return a0 + 1;
}

void
check_main(void)
{
	uint32_t before = page_free_count();

	syscall_register(40, sys_ask);
	result = user_run("ask", 41);
	leaked = before - page_free_count();
	alone[0] = user_check(0x10000, 4, false);
	alone[1] = user_check((uint32_t)&result, 4, false);
}
