// Filters of the run's input, in canonical form: what dpf_canonical() returns, and what it makes of each, are in
// `results`.

#include <exo/check.h>
#include <exo/dpf.h>
#include <exo/string.h>

#define CASES 512

struct {
	int32_t error;
	struct dpf_canon canon;
} results[CASES];

void
check_main(void)
{
	const uint32_t *at = (const uint32_t *)params()->input, *end = at + params()->input_size / 4;

	for (unsigned n = 0; at < end && n < CASES; n++) {
		struct dpf_filter filter;

		memcpy(&filter, at, 8 + at[1] * sizeof filter.items[0]);
		at += 2 + at[1] * sizeof filter.items[0] / 4;
		memset(&results[n].canon, 0xa5, sizeof results[n].canon);
		results[n].error = dpf_canonical(&filter, &results[n].canon);
	}
}
