// Two environments that take turns (../bench-b.c). What is counted is in main.user.S.

#include <libos/ipc.h>
#include <libos/pipe.h>
#include <libos/process.h>
#include <libos/stride.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#define TIMES 8
#define RING(i) (0x38000000 + (i) * PAGE_SIZE)

void raw_async(uint32_t env), raw_sync(uint32_t env), raw_echo(void), raw_back(void), raw_end(void), raw_begin(void);
void upcall_end(void);
void counted_lrpc(uint32_t env, uint32_t m[4]), counted_tlrpc(uint32_t env, uint32_t m[4]), counted_pipe(void);
void counted_yield(uint32_t env), counted_stride(void), counted_end(void);

// Each is done in a slice that has just begun (yield(0)).

static struct pipe there, back;

void
pipe_round_trip(void)
{
	char c = 1;

	pipe_write(&there, &c, 1);
	pipe_read(&back, &c, 1);
}

// A child owns no slice.
static void
disown(void)
{
	for (unsigned i = 0; i < 16; i++)
		sys_slice_give(i, 0);
}

static int32_t
handler(uint32_t caller, uint32_t m[4])
{
	(void)caller, (void)m;
	return 0;
}

static void __attribute__((noreturn))
echo(void)
{
	disown();
	for (;;)
		yield(0);
}

static void __attribute__((noreturn))
server(void)
{
	disown();
	ipc_serve(handler);
	for (;;)
		yield(0);
}

static int32_t
filter(uint32_t parent, const physaddr_t *pa)
{
	char c;

	disown();
	ipc_init();
	pipe_bind(&there, RING(0), pa[0], &SAVE->cap, parent);
	pipe_bind(&back, RING(1), pa[1], &SAVE->cap, parent);
	while (pipe_read(&there, &c, 1) == 1)
		pipe_write(&back, &c, 1);
	return 0;
}

static void __attribute__((noreturn))
next(void)
{
	SAVE->begin = (uintptr_t)raw_begin;
	for (;;)
		yield(0);
}

static void __attribute__((noreturn))
turns(uint32_t parent)
{
	disown();
	for (;;)
		yield(parent);
}

int
main(void)
{
	uint32_t me = SAVE->id, m[4] = { 1, 2, 3, 4 };
	physaddr_t pa[2];
	int32_t child;

	libos_init();

	SAVE->transfer = (uintptr_t)raw_echo;
	child = fork();
	if (child == 0)
		echo();
	SAVE->transfer = (uintptr_t)raw_back;
	yield(child);
	yield(0);
	for (unsigned i = 0; i < TIMES; i++)
		raw_async(child);
	yield(0);
	for (unsigned i = 0; i < TIMES; i++)
		raw_sync(child | TRANSFER_SYNC);
	process_undo(child);

	ipc_init();
	child = fork();
	if (child == 0)
		server();
	yield(child);
	yield(0);
	for (unsigned i = 0; i < TIMES; i++)
		counted_lrpc(child, m);
	yield(0);
	for (unsigned i = 0; i < TIMES; i++)
		counted_tlrpc(child, m);
	process_undo(child);

	pipe_create(&there, RING(0), &pa[0], 0);
	pipe_create(&back, RING(1), &pa[1], 0);
	child = fork();
	if (child == 0)
		return filter(me, pa);
	there.peer = back.peer = child;
	pipe_round_trip();
	yield(0);
	for (unsigned i = 0; i < TIMES; i++)
		counted_pipe();
	process_undo(child);

	child = fork();
	if (child == 0)
		turns(me);
	yield(child);
	yield(0);
	for (unsigned i = 0; i < TIMES; i++)
		counted_yield(child);
	process_undo(child);

	child = fork();
	if (child == 0)
		next();
	yield(child);
	SAVE->end = (uintptr_t)raw_end;
	for (unsigned i = 0; i < TIMES; i++)
		counted_end();
	SAVE->slice.cpsr = 0;
	SAVE->end = (uintptr_t)upcall_end;
	process_undo(child);

	for (unsigned i = 0; i < 3; i++) {
		child = fork();
		if (child == 0)
			turns(me);
		yield(child);
		stride_add(child, 3 - i);
	}
	yield(0);
	for (unsigned i = 0; i < TIMES; i++)
		counted_stride();
	for (unsigned i = 0; i < 3; i++)
		process_undo(stride_children[i].env);
	return 42;
}
