// Filters compiled one by one (rivals.h): what code is worth without merging.

#include "../dpf.h"
#include "rivals.h"

dpf_classifier *
separate_compile(const struct dpf_canon *filters, uint32_t count)
{
	struct dpf_begun outer;
	uint32_t entry;

	dpf_begin(&outer);
	for (uint32_t n = 0; n < count; n++) {
		struct dpf_code c = { .fail = dpf_new_label() };

		dpf_trie_insert(&filters[n], n + 1);
		dpf_node(&c, &dpf_root);
		dpf_place(c.fail);
		dpf_trie_delete(&filters[n]);
	}
	dpf_constant(0, 0);
	dpf_emit(a32_bx(A32_LR));
	entry = dpf_end(&outer);
	dpf_commit();
	return (dpf_classifier *)(uintptr_t)entry;
}

void
separate_free(dpf_classifier *made)
{
	uint32_t block = (uintptr_t)made;

	dpf_drop_block(&block);
	dpf_commit();
}
