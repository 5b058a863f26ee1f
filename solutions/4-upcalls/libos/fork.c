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

// What is pinned, in the order of its copies, which are mapped with us from TEMP_VA on until they are filled.
static pinned uint32_t copied[256];

// New pages for it, mapped in the child where ours are; *count says how many.
static int
pinned_new(uint32_t child, uint32_t *count)
{
	uint32_t cursor = 0, va, n;
	const uint32_t *s;
	int error = 0;

	do {
		for (n = 0; n < BATCH && (s = state_table->next(&cursor, &va)) != NULL; ) {
			if (!(*s & STATE_PINNED))
				continue;
			if (*count == sizeof copied / sizeof copied[0])
				return -E_NOMEM;
			batch[n++] = (struct page_op){ PAGE_NEW, TEMP_VA + *count * PAGE_SIZE, RW, PAGE_ANY,
			    SAVE_VA, 0 };
			copied[(*count)++] = va;
		}
		error = pages_do(ENV_SELF, batch, n);
		for (uint32_t i = 0; i < n; i++) {
			batch[i].kind = PAGE_BIND;
			batch[i].va = copied[*count - n + i];
		}
		if (error == 0)
			error = pages_do(child, batch, n);
	} while (error == 0 && n == BATCH);
	return error;
}

static void
pinned_fill(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		memcpy((void *)(TEMP_VA + i * PAGE_SIZE), (const void *)(uintptr_t)copied[i], PAGE_SIZE);
}
// INSTEAD
//| // TODO 4.6: to share what is there; to copy what is pinned, the table among it, once all that it
//| // says is true of the child, too.
// END SOLUTION

int32_t
fork_at(uint32_t sp)
{
	// BEGIN SOLUTION 4.6c
	int32_t child = sys_env_create(&SAVE->cap), error;
	uint32_t count = 0;

	if (child < 0)
		return child;
	error = process_save(child, 0, sp);
	if (error == 0)
		error = share(child, PAGE_BIND);
	if (error == 0)
		error = pinned_new(child, &count);
	if (error == 0) {			// all that could fail is behind us
		share(ENV_SELF, PAGE_PROTECT);
		pinned_fill(count);
	}
	while (count > 0)
		pages_do(ENV_SELF, &(struct page_op){ .kind = PAGE_UNMAP, .va = TEMP_VA + --count * PAGE_SIZE }, 1);
	if (error < 0) {
		process_undo(child);
		return error;
	}
	process_slice(child);
	return child;
	// INSTEAD
	//| // TODO 4.6: an environment, its save page (process_save()), its pages, a slice (process_slice()).
	//| // What can fail comes before what changes anything of ours.
	//| (void)sp;
	//| todo("4.6");
	//| return -E_NOMEM;
	// END SOLUTION
}
