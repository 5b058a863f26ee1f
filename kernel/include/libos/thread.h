// Threads: several flows of control in one environment, which the kernel knows nothing of. Given, in
// kernel/libos/thread.S and thread.c. A thread that does not run is a stack pointer, as an environment that does not
// run is one (yield(), libos/upcall.h): so when a slice begins, another thread's is picked up than the one that was
// put away.
//
// What is the environment's and not a thread's is still one at a time: regions, the heap, pipes, calls and the other
// things of the libOS that are not for handlers want a mutex around them where several threads use them, and fork()
// wants thread_alone(). Of itself the same thread goes on while it handles a fault, and while a call waits or is
// served (libos/ipc.h).
#pragma once

#include <exo/types.h>

#define THREAD_COUNT 8			// with the first

// Who calls is a thread from now on, number 0. Once, behind libos_init(), before all else here.
void thread_init(void);

// A thread that calls body(arg) on the stack of size bytes at `stack` (of 8 bytes each; 512 at least), in turn with
// the others. Its number, or -E_NOMEM: there are THREAD_COUNT.
typedef int32_t thread_body(void *arg);
int32_t thread_create(thread_body *body, void *arg, void *stack, uint32_t size);

// Let others run until that thread has returned: what it returned; its number and its stack are free then. By one
// thread, once. -E_NOENT: there is no such thread, or it is the caller, or the first.
int32_t thread_join(uint32_t thread);

uint32_t thread_self(void);

// Let the next thread go on, within the slice and without the kernel. (yield() and sleep_until() stop them all.)
void thread_yield(void);

// From now on no other thread goes on, whatever happens; or, by false, they do. Nests.
void thread_alone(bool alone);

// One at a time, whenever slices end; zero is free. Who waits lets others run.
struct mutex {
	uint32_t held;
};

void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
