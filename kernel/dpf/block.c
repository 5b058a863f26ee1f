// The code of the whole trie (exo/dpfcode.h), made anew where something has changed. What many filters lie behind has
// a block of its own, which begins with a branch to where one goes whom it leads nowhere: that word alone is written
// again when the code around it moves.

#include <exo/error.h>
#include <exo/string.h>

#include "dpf.h"

bool dpf_general;
uint32_t dpf_round;
dpf_classifier *dpf_classify;

static uint32_t entry, nothing;		// blocks: the way in; the way out with nothing to say
static bool was_general;

dpf_label
dpf_return(void)
{
	return dpf_address(nothing);
}

// What is behind n leads elsewhere from now on when it leads nowhere. A block that a node on the way to n still has is of
// another time, when n was within it: the way is being made in line.
void
dpf_moved(struct dpf_node *n)
{
	for (; n != &dpf_root; n = n->from->from)
		dpf_drop_block(&n->block);
}

void
dpf_behind(const struct dpf_code *c, struct dpf_node *n)
{
	struct dpf_code own = *c;
	struct dpf_begun outer;

	if (n->sum.filters < DPF_APART) {
		dpf_drop_block(&n->block);
		dpf_node(c, n);
		return;
	}
	if (n->block == 0 || memcmp(&n->context, &c->context, sizeof n->context) != 0) {
		dpf_drop_block(&n->block);
		dpf_begin(&outer);
		own.fail = dpf_new_label();
		dpf_place(own.fail);
		dpf_emit(a32_branch(AL, 8));
		dpf_node(&own, n);
		n->block = dpf_end(&outer);
		n->context = c->context;
	}
	if (n->block != 0)
		dpf_leads_to(n->block, c->fail);
	dpf_moved(n->from->from);
	dpf_branch(AL, dpf_address(n->block + 4));
}

static void
make_nothing(void)
{
	struct dpf_begun outer;

	dpf_begin(&outer);
	if (dpf_general) {
		dpf_emit(a32_extend(false, 16, 0, DPF_BEST));
		dpf_emit(a32_pop(0x70 | 1u << A32_PC));
	} else {
		dpf_emit(a32_dp_imm(MOV, false, 0, 0, 0));
		dpf_emit(a32_bx(A32_LR));
	}
	nothing = dpf_end(&outer);
}

static bool
make(void)
{
	struct dpf_code c = { 0 };
	struct dpf_begun outer;

	if (nothing == 0)
		make_nothing();
	dpf_begin(&outer);
	if (dpf_general) {
		dpf_emit(a32_push(0x70 | 1u << A32_LR));
		dpf_emit(a32_dp_imm(MOV, false, DPF_BEST, 0, 0));
	}
	c.fail = dpf_return();
	dpf_node(&c, &dpf_root);
	dpf_drop_block(&entry);
	entry = dpf_end(&outer);
	return !dpf_full;
}

static void
start_afresh(void)
{
	dpf_code_reset();
	dpf_forget_blocks();
	entry = nothing = 0;
}

int
dpf_compile(void)
{
	dpf_round++;
	dpf_general = dpf_mixed > 0 || dpf_deep > 0;
	if (dpf_general != was_general || entry == 0 || dpf_root.sum.filters == 0)
		start_afresh();
	was_general = dpf_general;
	if (dpf_root.sum.filters > 0 && !make()) {
		start_afresh();
		if (!make())
			return -E_NOMEM;
	}
	dpf_settled();
	dpf_commit();
	dpf_classify = entry != 0 ? (dpf_classifier *)(uintptr_t)entry : dpf_walk;
	return 0;
}
