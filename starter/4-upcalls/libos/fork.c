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
	// TODO 4.6: a new page at TEMP_VA, filled, then in the place of the old one.
	(void)va, (void)state;
	todo("4.6");
	return -E_NOMEM;
}

// TODO 4.6: to share what is there, with the child and with us, is a good function by itself.

int32_t
fork_at(uint32_t sp)
{
	// TODO 4.6: an environment, its save page (process_save()), its pages, those that are pinned
	// (process_pinned(), process_fill()), a slice (process_slice()). What can fail comes before
	// what changes anything of ours.
	(void)sp;
	todo("4.6");
	return -E_NOMEM;
}
