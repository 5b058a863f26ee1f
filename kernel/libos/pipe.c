// Pipes in shared memory (libos/pipe.h).

#include <exo/error.h>
#include <exo/page.h>
#include <libos/ipc.h>
#include <libos/pipe.h>
#include <libos/sys.h>
#include <libos/upcall.h>

int32_t
pipe_create(struct pipe *pipe, uint32_t va, physaddr_t *pa, uint32_t peer)
{
	struct page_op op = { PAGE_NEW, va, RIGHT_READ | RIGHT_WRITE, PAGE_ANY, address(&SAVE->cap), 0 };
	int32_t done = sys_pages(ENV_SELF, &op, 1, NULL);

	*pipe = (struct pipe){ (struct ring *)(uintptr_t)va, peer };
	*pa = op.pa;
	return done < 0 ? done : 0;
}

int32_t
pipe_bind(struct pipe *pipe, uint32_t va, physaddr_t pa, const volatile struct cap *cap, uint32_t peer)
{
	struct page_op op = { PAGE_BIND, va, RIGHT_READ | RIGHT_WRITE, pa, address(cap), 0 };
	int32_t done = sys_pages(ENV_SELF, &op, 1, NULL);

	*pipe = (struct pipe){ (struct ring *)(uintptr_t)va, peer };
	return done < 0 ? done : 0;
}

// Let the peer run: straight into its own wait, if that is where it is; else by a yield.
static int32_t
turn(const struct pipe *pipe)
{
	return ipc_turn(pipe->peer) < 0 ? ipc_yield(pipe->peer) : 0;
}

int32_t
pipe_read(struct pipe *pipe, void *to, uint32_t size)
{
	struct ring *ring = pipe->ring;
	uint8_t *bytes = to, *end = bytes + size;
	uint32_t at = ring->read, written;

	while ((written = ring->written) == at) {
		int32_t error = turn(pipe);

		if (error < 0 && ring->written == at)
			return error;
	}
	do
		*bytes++ = ring->bytes[at++ % PIPE_SIZE];
	while (bytes != end && at != written);
	ring->read = at;
	return bytes - (uint8_t *)to;
}

int32_t
pipe_write(struct pipe *pipe, const void *from, uint32_t size)
{
	struct ring *ring = pipe->ring;
	const uint8_t *bytes = from, *end = bytes + size;
	uint32_t at = ring->written;

	for (; bytes != end; ring->written = ++at) {
		while (at - ring->read >= PIPE_SIZE) {
			int32_t error = turn(pipe);

			if (error < 0)
				return error;
		}
		ring->bytes[at % PIPE_SIZE] = *bytes++;
	}
	return size;
}
