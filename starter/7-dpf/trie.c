// The trie of all filters (exo/dpf.h): in and out, along the cells of a filter.

#include <exo/dpf.h>
#include <exo/todo.h>

void
dpf_trie_insert(const struct dpf_canon *f, uint32_t id)
{
	// TODO 7.2: along the cells from the root, over tests and nodes that are there, and new ones.
	(void)f, (void)id;
	todo("7.2");
}

void
dpf_trie_delete(const struct dpf_canon *f)
{
	// TODO 7.2: the same way, then back as far as nobody else needs it.
	(void)f;
	todo("7.2");
}
