// Four threads: each counts under a mutex and without one, faults, keeps its registers in its arithmetic, and lets
// others go on, while slices end wherever they do.

#include <libos/io.h>
#include <libos/memory.h>
#include <libos/sys.h>
#include <libos/thread.h>
#include <libos/upcall.h>

#define THREADS 4
#define STACK   8192
#define PAGES   16

static struct mutex mutex, heap;
static volatile uint32_t locked, unlocked, wrong;
static volatile bool stop;

// Registers full of what only this thread knows, from one slice to the next.
static uint32_t
work(uint32_t seed, uint32_t steps)
{
	uint32_t a = seed, b = seed + 1, c = seed + 2, d = seed + 3, e = seed + 4, f = seed + 5;

	for (uint32_t i = 0; i < steps; i++) {
		a = a * 1664525 + b;
		b ^= c >> 3;
		c += d;
		d = d << 7 | d >> 25;
		e += a ^ f;
		f = f * 69069 + 1;
	}
	return a ^ b ^ c ^ d ^ e ^ f;
}

static void
trap(uint32_t address, bool write)
{
	(void)write;
	unprot(address);
}

static int32_t
body(void *arg)
{
	uint32_t me = (uintptr_t)arg, n = 0;
	uint32_t expected = work(me, 200);

	while (!stop) {
		uint32_t va = HEAP_VA + HEAP_SIZE / 2 + me * PAGES * PAGE_SIZE + n % PAGES * PAGE_SIZE;

		for (unsigned i = 0; i < 50; i++)
			unlocked++;
		mutex_lock(&mutex);
		for (unsigned i = 0; i < 50; i++)
			locked++;
		mutex_unlock(&mutex);
		if (work(me, 200) != expected || thread_self() != me)
			wrong++;
		*(volatile uint32_t *)va = me;		// a fault, the first time and each time it is clean
		for (unsigned i = 0; i < 100; i++) {	// traps, and back with our r1
			register uint32_t r1 __asm__("r1");

			prot1(va, RIGHT_READ);
			r1 = me + i;
			__asm__ volatile("str %0, [%1]" : : "r"(r1), "r"(va) : "memory");
			if (*(volatile uint32_t *)va != me + i)
				wrong++;
		}
		if (n % PAGES == PAGES - 1) {
			mutex_lock(&heap);
			page_clean(va & ~(PAGES * PAGE_SIZE - 1), PAGES);
			free(malloc(100 * me));
			mutex_unlock(&heap);
		}
		if (n % 7 == me)
			thread_yield();
		if (++n == 1000 * me)
			yield(0);
	}
	return n;
}

int
main(void)
{
	static uint8_t stacks[THREADS][STACK] __attribute__((aligned(8)));
	uint32_t done = 0;

	libos_init();
	thread_init();
	on_trap(trap);
	region_begin(HEAP_VA + HEAP_SIZE / 2, (THREADS + 1) * PAGES * PAGE_SIZE, RIGHT_READ | RIGHT_WRITE);
	if (thread_join(1) == 0 || thread_join(0) == 0)
		printf("joined nobody\n");
	for (uint32_t i = 0; i < THREADS; i++)
		if (thread_create(body, (void *)(uintptr_t)(i + 1), stacks[i], STACK) != (int32_t)i + 1)
			return 1;
	while (unlocked < 400 * 1000)
		thread_yield();
	stop = true;
	for (uint32_t i = 0; i < THREADS; i++)
		done += thread_join(i + 1);
	printf("%u times; locked %s, unlocked %s, wrong %u\n", done, locked == 50 * done ? "right" : "wrong",
	    unlocked == 50 * done ? "right by chance" : unlocked < 50 * done ? "lost some" : "?", wrong);
	return 0;
}
