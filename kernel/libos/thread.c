// Who is next, and what becomes of the others (libos/thread.h).

#include <exo/error.h>
#include <libos/memory.h>
#include <libos/sys.h>
#include <libos/thread.h>
#include <libos/upcall.h>

enum thread_state { FREE, RUNS, RETURNED };

static pinned struct thread {
	uint32_t state, sp;		// where it rests, unless it is the current one
	int32_t returned;
	uint8_t slice_stack[SLICE_STACK] __attribute__((aligned(8)));
} threads[THREAD_COUNT];
static pinned uint32_t current, alone;

// What upcall_end leaves where it leaves a thread.
struct ended {
	uint32_t yield[10];		// r3 to r11 and lr, as yield() has them
	struct upcall slot;
	uint32_t rested;		// what rested then
};

void thread_begin(void), thread_start(void), thread_end(void);
uint32_t thread_next(uint32_t sp);
void thread_returned(int32_t returned);

static uint32_t
slice_stack_top(const struct thread *t)
{
	return address(t->slice_stack + sizeof t->slice_stack);
}

// Between freeing the exception slot and the last of its registers, resume_exception still needs it.
static bool
resuming(const struct thread *t, uint32_t sp)
{
	while (sp >= address(t->slice_stack) && sp < slice_stack_top(t)) {
		const struct ended *e = (const struct ended *)(uintptr_t)sp;

		if (e->slot.pc >= (uintptr_t)resume_exception && e->slot.pc < (uintptr_t)resume_slice)
			return true;
		sp = e->rested;
	}
	return false;
}

// The current thread rests at sp: where does the one that goes on? Called by thread_begin and thread_yield() on a
// stack of its own.
uint32_t
thread_next(uint32_t sp)
{
	struct thread *t = &threads[current];

	if (alone || SAVE->exception.cpsr != 0 ||
	    ipc.peer != 0 || ipc.busy != 0 || resuming(t, sp))
		return sp;
	t->sp = sp;
	do
		current = (current + 1) % THREAD_COUNT;
	while (threads[current].state != RUNS);
	t = &threads[current];
	resting_sp = t->sp;
	slice_sp = slice_stack_top(t);
	return t->sp;
}

void
thread_init(void)
{
	threads[0].state = RUNS;
	slice_sp = slice_stack_top(&threads[0]);
	SAVE->end = (uintptr_t)thread_end;
	SAVE->begin = (uintptr_t)thread_begin;
}

int32_t
thread_create(thread_body *body, void *arg, void *stack, uint32_t size)
{
	uint32_t *sp = (uint32_t *)((uintptr_t)stack + size) - 10;
	int32_t number = -E_NOMEM;

	sp[1] = (uintptr_t)body;		// r4
	sp[2] = (uintptr_t)arg;
	sp[9] = (uintptr_t)thread_start;
	thread_alone(true);
	for (unsigned i = 1; number < 0 && i < THREAD_COUNT; i++)
		if (threads[i].state == FREE) {
			threads[i].state = RUNS;
			threads[i].sp = address(sp);
			number = i;
		}
	thread_alone(false);
	return number;
}

// It has returned. Nobody comes back to it.
void
thread_returned(int32_t returned)
{
	struct thread *t = &threads[current];

	t->returned = returned;
	t->state = RETURNED;
	for (;;)
		thread_yield();
}

int32_t
thread_join(uint32_t thread)
{
	int32_t returned;

	if (thread == 0 || thread >= THREAD_COUNT || thread == current || threads[thread].state == FREE)
		return -E_NOENT;
	while (((volatile struct thread *)threads)[thread].state == RUNS)
		thread_yield();
	returned = threads[thread].returned;
	threads[thread].state = FREE;
	return returned;
}

uint32_t
thread_self(void)
{
	return current;
}

// One instruction more or less counts: others do not run in between, or they have put it back.
void
thread_alone(bool on)
{
	*(volatile uint32_t *)&alone += on ? 1 : -1;
}
