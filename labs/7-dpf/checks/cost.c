// What the compiled classifier takes for frames that match: for each set of filters the most instructions of any
// frame, and how many went elsewhere than they should.

#include "ports.h"

static void
set(const char *name, unsigned filters, bool variable)
{
	static const struct guard guard;
	static int32_t ids[PORTS];
	uint32_t none = nothing_took(), worst = 0, wrong = 0, result;

	for (unsigned n = 0; n < filters; n++) {
		make_filter(ports[n], variable);
		ids[n] = dpf_insert(&filter, 1, &guard, NULL);
	}
	for (unsigned n = 0; n < filters; n++) {
		uint32_t took;

		make_frame(ports[n]);
		took = count(dpf_classify, &result) - none;
		worst = took > worst ? took : worst;
		wrong += (int32_t)result != ids[n];
	}
	report("%s %u %u %u", name, filters, worst, wrong);
	for (unsigned n = filters; n-- > 0;)
		dpf_delete(ids[n], 1);
}

// Two filters that match every frame, too, and constrain fewer bits; the one of more bits is tried last.
static void
insert_less(int32_t ids[2])
{
	static const struct guard guard;

	filter.count = 0;
	item(DPF_ATOM, 16, 12, 0xffff, 0x0800);
	ids[0] = dpf_insert(&filter, 1, &guard, NULL);
	filter.count = 0;
	item(DPF_ATOM, 8, 23, 0xff, 17);
	item(DPF_ATOM, 16, 34, 0xffff, 0x3039);
	ids[1] = dpf_insert(&filter, 1, &guard, NULL);
}

void
check_main(void)
{
	int32_t less[2];

	draw(false);
	set("fixed", 1, false);
	set("variable", 1, true);
	set("ten", 10, false);
	set("two-thousand", 2000, false);
	insert_less(less);
	set("mixed", 10, false);
	dpf_delete(less[0], 1);
	dpf_delete(less[1], 1);
}
