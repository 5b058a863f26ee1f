// What an application says about its memory: checked, copied from and copied to, while the application
// waits in a system call. The run's input has what is mapped, then what is asked. Copies are kept as
// hashes.

#include <exo/board.h>
#include <exo/check.h>
#include <exo/page.h>
#include <exo/register.h>
#include <exo/string.h>
#include <exo/trap.h>
#include <exo/user.h>

#define BUFFER 0x6000

enum { CHECK_READ, CHECK_WRITE, COPY_IN, COPY_OUT };

struct region {
	uint32_t va, pages, prot;
};

struct question {
	uint32_t what, va, size;
};

struct answer {
	int32_t status;
	uint32_t buffer, memory;	// hashes: of what is here, of the pages there and next to them
};

struct answer answers[1024];
int32_t result, alone[4];
uint32_t leaked;

static uint32_t buffer[BUFFER / 4];

static uint32_t *
page_of(uint32_t va)
{
	struct mapping m;

	as_lookup(user_space(), va, &m);
	return p2v(m.pa);
}

// A pattern for n words, of which `at` words came before; and a hash of them, that sees where a word is.
static void
fill(uint32_t *word, uint32_t n, uint32_t factor, uint32_t at)
{
	for (uint32_t value = factor * (at + 1); n-- > 0; value += factor)
		*word++ = value;
}

static uint32_t
hash(const uint32_t *word, uint32_t n, uint32_t at)
{
	uint32_t h = 0;

	for (uint32_t odd = 2 * at + 1; n-- > 0; odd += 2)
		h += *word++ * odd;
	return h;
}

static void
copy(const struct question *q, const struct region *regions, uint32_t count, struct answer *a)
{
	static uint32_t *near[BUFFER / PAGE_SIZE + 4];
	uint32_t pages = 0;

	for (const struct region *r = regions; r < regions + count; r++)
		for (uint64_t va = r->va; va < r->va + r->pages * PAGE_SIZE; va += PAGE_SIZE)
			if (va + 2 * PAGE_SIZE > q->va && va < (uint64_t)q->va + q->size + PAGE_SIZE)
				near[pages++] = page_of(va);
	fill(buffer, BUFFER / 4, 0x9e3779b9, 0);
	for (uint32_t i = 0; i < pages; i++)
		fill(near[i], PAGE_SIZE / 4, 0x85ebca6b, i * PAGE_SIZE / 4);
	a->status = q->what == COPY_IN ? copy_in(buffer, q->va, q->size) : copy_out(q->va, buffer, q->size);
	a->buffer = hash(buffer, BUFFER / 4, 0);
	for (uint32_t i = 0; i < pages; i++)
		a->memory += hash(near[i], PAGE_SIZE / 4, i * PAGE_SIZE / 4);
}

static int32_t
sys_ask(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
	const uint32_t *in = (const uint32_t *)params()->input;
	const struct region *regions = (const struct region *)(in + 1);
	const struct question *q = (const struct question *)(regions + in[0]);

	(void)a1, (void)a2, (void)a3;
	for (uint32_t i = 0; i < in[0]; i++)
		user_map(user_space(), regions[i].va, regions[i].pages * PAGE_SIZE, regions[i].prot);
	for (struct answer *a = answers; (const uint8_t *)q < params()->input + params()->input_size; q++, a++)
		if (q->what == CHECK_READ || q->what == CHECK_WRITE)
			a->status = user_check(q->va, q->size, q->what == CHECK_WRITE);
		else
			copy(q, regions, in[0], a);
	return a0 + 1;
}

void
check_main(void)
{
	uint32_t before = page_free_count();

	syscall_register(40, sys_ask);
	result = user_run("ask", 41);
	leaked = before - page_free_count();
	for (int i = 0; i < 4; i++)
		alone[i] = user_check(i & 1 ? (uint32_t)&result : 0x10000, 4, i & 2);
}
