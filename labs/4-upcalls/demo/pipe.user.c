// A pipe between two: a ring in a page of both; who has to wait passes its time to the other, by a transfer.

#include <libos/io.h>
#include <libos/ipc.h>
#include <libos/pipe.h>
#include <libos/process.h>
#include <libos/sys.h>
#include "demo.h"

#define RING  0x38000000
#define BYTES 5000

static char buffer[100];

static int
reader(struct pipe *pipe, physaddr_t pa, uint32_t parent)
{
	uint32_t got = 0, right = 0;

	pipe_bind(pipe, RING, pa, &SAVE->cap, parent);
	while (got < BYTES) {
		int32_t n = pipe_read(pipe, buffer, sizeof buffer);

		if (n < 0)
			return n;
		for (int32_t i = 0; i < n; i++, got++)
			right += buffer[i] == (char)(got * 7);
	}
	printf("pipe: the reader has %u bytes, %u of them right\n", got, right);
	return 0;
}

int
main(void)
{
	uint32_t me = SAVE->id;
	struct pipe pipe;
	physaddr_t pa;
	int32_t child;

	libos_init();
	after_part_a();
	ipc_init();
	pipe_create(&pipe, RING, &pa, 0);
	child = fork();
	if (child == 0)
		return reader(&pipe, pa, me);
	pipe.peer = child;
	printf("pipe: %u bytes through a ring of %u\n", BYTES, PIPE_SIZE);
	for (uint32_t sent = 0; sent < BYTES; ) {
		for (unsigned i = 0; i < sizeof buffer; i++, sent++)
			buffer[i] = sent * 7;
		if (pipe_write(&pipe, buffer, sizeof buffer) < 0)
			return 1;
	}
	return wait(child, NULL);
}
