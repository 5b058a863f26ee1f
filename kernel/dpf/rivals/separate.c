// Filters compiled one by one (rivals.h): what code is worth without merging.

#include "../dpf.h"
#include "rivals.h"

static struct dpf_node roots[DPF_FILTERS];

dpf_classifier *
separate_compile(const struct dpf_canon *filters, uint32_t count)
{
	struct dpf_begun outer;
	uint32_t entry;

	dpf_begin(&outer);
	for (uint32_t n = 0; n < count; n++) {
		struct dpf_code c = { .fail = dpf_new_label() };

		dpf_trie_insert(&filters[n], n + 1);
		roots[n] = dpf_root;
		dpf_node(&c, &roots[n]);
		dpf_place(c.fail);
		dpf_root.tests = NULL;
		dpf_root.sum.filters = dpf_root.id = 0;
	}
	dpf_branch(AL, dpf_return());
	entry = dpf_end(&outer);
	dpf_commit();
	return (dpf_classifier *)(uintptr_t)entry;
}
