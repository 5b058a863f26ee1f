// Copy-on-write fork (libos/process.h), by an application for itself: the kernel knows nothing of it.

#include <exo/error.h>
#include <exo/string.h>
#include <exo/todo.h>
#include <libos/memory.h>
#include <libos/process.h>
#include <libos/sys.h>

#define RW (RIGHT_READ | RIGHT_WRITE)

int
page_copy(uint32_t va, uint32_t *state)
{
	// BEGIN SOLUTION 4.6a
	struct page_op fresh = { PAGE_NEW, TEMP_VA, RW, PAGE_ANY, SAVE_VA, 0 };
	int error = pages_do(ENV_SELF, &fresh, 1);

	if (error < 0)
		return error;
	memcpy((void *)TEMP_VA, (const void *)(uintptr_t)va, PAGE_SIZE);
	*state = (*state & ~(STATE_PA | STATE_SHARED)) | fresh.pa;
	return pages_do(ENV_SELF, (struct page_op[]){
	    { .kind = PAGE_UNMAP, .va = va },
	    { PAGE_BIND, va, state_prot(*state), fresh.pa, SAVE_VA, 0 },
	    { .kind = PAGE_UNMAP, .va = TEMP_VA },
	}, 3);
	// INSTEAD
	//| // TODO 4.6: a new page at TEMP_VA, filled, then in the place of the old one.
	//| (void)va, (void)state;
	//| todo("4.6");
	//| return -E_NOMEM;
	// END SOLUTION
}

// BEGIN SOLUTION 4.6b
// What is bound in the child is what is protected with us: the same operations, of another kind.
static int
share_batch(uint32_t child, uint32_t n)
{
	int error = pages_do(child, batch, n);

	for (uint32_t i = 0; i < n; i++)
		batch[i].kind = PAGE_PROTECT;
	return error < 0 ? error : pages_do(ENV_SELF, batch, n);
}

static int
share(uint32_t child)
{
	uint32_t cursor = 0, va, n = 0, *s;
	int error = 0;

	while (error == 0 && (s = state_table->next(&cursor, &va)) != NULL) {
		if (*s & STATE_PINNED || !(*s & STATE_PA))
			continue;
		if (*s & STATE_MOST & RIGHT_WRITE << 4)
			*s |= STATE_SHARED;
		batch[n++] = (struct page_op){ PAGE_BIND, va, state_prot(*s), *s & STATE_PA, SAVE_VA, 0 };
		if (n == BATCH) {
			error = share_batch(child, n);
			n = 0;
		}
	}
	return error < 0 ? error : share_batch(child, n);
}

// Pinned pages, the table among them: when all that it says is true of the child too.
static int
copy_pinned(uint32_t child)
{
	uint32_t cursor = 0, va;
	const uint32_t *s;
	int error = 0;

	while (error == 0 && (s = state_table->next(&cursor, &va)) != NULL) {
		struct page_op op = { PAGE_NEW, TEMP_VA, RW, PAGE_ANY, SAVE_VA, 0 };

		if (!(*s & STATE_PINNED))
			continue;
		error = pages_do(ENV_SELF, &op, 1);
		if (error < 0)
			break;
		memcpy((void *)TEMP_VA, (const void *)(uintptr_t)va, PAGE_SIZE);
		op.kind = PAGE_BIND;
		op.va = va;
		error = pages_do(child, &op, 1);
		pages_do(ENV_SELF, &(struct page_op){ .kind = PAGE_UNMAP, .va = TEMP_VA }, 1);
	}
	return error;
}
// INSTEAD
//| // TODO 4.6: to share what is there, then to copy what is pinned.
// END SOLUTION

int32_t
fork_at(uint32_t sp)
{
	// BEGIN SOLUTION 4.6c
	int32_t child = sys_env_create(&SAVE->cap), error;

	if (child < 0)
		return child;
	error = share(child);
	if (error == 0)
		error = copy_pinned(child);
	if (error == 0)
		error = process_save(child, 0, sp);
	if (error < 0) {
		process_undo(child);
		return error;
	}
	process_slice(child);
	return child;
	// INSTEAD
	//| // TODO 4.6: an environment, its pages, its save page (process_save()), a slice (process_slice()).
	//| (void)sp;
	//| todo("4.6");
	//| return -E_NOMEM;
	// END SOLUTION
}
