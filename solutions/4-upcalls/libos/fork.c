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
// What a page's word is when the page is shared.
static uint32_t
shared(uint32_t s)
{
	return s & STATE_MOST & RIGHT_WRITE << 4 ? s | STATE_SHARED : s;
}

// All pages that are there and can be shared: bound in the child, or with us no longer to be written.
static int
share(uint32_t env, uint32_t kind)
{
	uint32_t cursor = 0, va, n = 0, *s;
	int error = 0;

	while (error == 0 && (s = state_table->next(&cursor, &va)) != NULL) {
		uint32_t after = shared(*s);

		if (*s & STATE_PINNED)
			continue;
		if (*s & STATE_PA && (kind == PAGE_BIND || state_prot(after) != state_prot(*s)))
			batch[n++] = (struct page_op){ kind, va, state_prot(after), *s & STATE_PA, SAVE_VA, 0 };
		if (*s & STATE_PA && kind == PAGE_PROTECT)
			*s = after;
		if (n == BATCH) {
			error = pages_do(env, batch, n);
			n = 0;
		}
	}
	return error < 0 ? error : pages_do(env, batch, n);
}
// INSTEAD
//| // TODO 4.6: to share what is there, with the child and with us, is a good function by itself.
// END SOLUTION

int32_t
fork_at(uint32_t sp)
{
	// BEGIN SOLUTION 4.6c
	int32_t child = sys_env_create(&SAVE->cap), error;

	if (child < 0)
		return child;
	error = process_save(child, 0, sp);
	if (error == 0)
		error = share(child, PAGE_BIND);
	if (error == 0)
		error = process_pinned(child);
	if (error < 0) {
		process_undo(child);
		return error;
	}
	share(ENV_SELF, PAGE_PROTECT);		// all that could fail is behind us
	process_fill();
	process_slice(child);
	return child;
	// INSTEAD
	//| // TODO 4.6: an environment, its save page (process_save()), its pages, those that are pinned
	//| // (process_pinned(), process_fill()), a slice (process_slice()). What can fail comes before
	//| // what changes anything of ours.
	//| (void)sp;
	//| todo("4.6");
	//| return -E_NOMEM;
	// END SOLUTION
}
