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

void
check_main(void)
{
	draw(false);
	set("fixed", 1, false);
	set("variable", 1, true);
	set("ten", 10, false);
	set("thousand", 1000, false);
	set("two-thousand", 2000, false);
}
