// What classification costs, by compiled filters and by their rivals, for `make bench`. Filters are UDP's by destination
// port, as the paper's are TCP's; each frame is the next filter's. PMCCNTR counts instructions here.

#include <exo/arm.h>
#include <exo/check.h>
#include <exo/dpf.h>
#include <exo/string.h>

ARM_SYSREG(pmcr, 0, c9, c12, 0)		// Performance Monitors Control Register (B4.1.117)
ARM_SYSREG(pmcntenset, 0, c9, c12, 1)	// Count Enable Set register (B4.1.116)
ARM_SYSREG(pmccntr, 0, c9, c13, 0)	// Cycle Count Register (B4.1.113)

#define PORTS 2000
#define FRAME 60

static uint16_t ports[PORTS];
static struct dpf_filter filter;
static uint32_t words[(FRAME + 6) / 4], ids[PORTS];
static uint8_t *const frame = (uint8_t *)words + 2;

struct counts { uint32_t total, worst, wrong; };

static void
item(uint8_t kind, uint8_t width, uint16_t offset, uint32_t mask, uint32_t value)
{
	filter.items[filter.count++] = (struct dpf_item){ kind, width, offset, mask, value };
}

static void
make_filter(uint16_t port, bool variable)
{
	filter.count = 0;
	item(DPF_ATOM, 16, 12, 0xffff, 0x0800);
	item(DPF_ATOM, 16, 20, 0x1fff, 0);
	item(DPF_ATOM, 8, 23, 0xff, 17);
	item(DPF_ATOM, 32, 30, 0xffffffff, 0x0a00020f);
	if (variable)
		item(DPF_FIELD, 8, 14, 0x0f, 2);
	item(DPF_ATOM, 16, variable ? 16 : 36, 0xffff, port);
}

static void
make_frame(uint16_t port)
{
	static const uint8_t head[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 46, 0, 1, 0x40, 0, 64, 17, 0, 0,
		10, 0, 2, 2, 10, 0, 2, 15, 0x30, 0x39 };

	memcpy(frame, head, sizeof head);
	frame[36] = port >> 8;
	frame[37] = port;
}

static uint32_t
nothing(const uint8_t *at, uint32_t size)
{
	(void)at, (void)size;
	return 0;
}

// Instructions from f's first to its return, which is one of them.
static counted uint32_t
count(dpf_classifier *f, uint32_t *result)
{
	uint32_t before = pmccntr_read();

	*result = f(frame, FRAME);
	return pmccntr_read() - before;
}

// Scattered, or dense.
static void
draw(bool dense)
{
	uint64_t state = params()->seed;

	for (unsigned n = 0; n < PORTS; n++) {
		ports[n] = dense ? 7000 + n : random64(&state);
		for (unsigned i = 0; i < n; i++)
			if (ports[i] == ports[n])
				n--, i = n;
	}
}

static struct counts
measure(dpf_classifier *f, unsigned filters)
{
	struct counts c = { 0 };
	uint32_t result, none = count(nothing, &result) - 2;	// mov, bx

	for (unsigned n = 0; n < filters; n++) {
		uint32_t took;

		make_frame(ports[n]);
		took = count(f, &result) - none;
		c.total += took;
		c.worst = took > c.worst ? took : c.worst;
		c.wrong += result != ids[n];
	}
	return c;
}

static void
set(const char *name, unsigned filters, bool variable)
{
	static const struct guard guard;
	uint32_t last = 0;
	struct counts c;

	for (unsigned n = 0; n < filters; n++) {
		uint32_t before = pmccntr_read();

		make_filter(ports[n], variable);
		ids[n] = dpf_insert(&filter, 1, &guard, NULL);
		last = pmccntr_read() - before;
	}
	c = measure(dpf_classify, filters);
	report("%s %u: average %u.%02u worst %u wrong %u insertion %u code %u", name, filters, c.total / filters,
	    c.total * 100 / filters % 100, c.worst, c.wrong, last, 4 * dpf_use().words);
	for (unsigned n = 0; n < filters; n++)
		dpf_delete(ids[n], 1);
}

void
check_main(void)
{
	static const unsigned sizes[] = { 1, 2, 3, 5, 10, 100, 1000, 2000 };

	pmcr_write(1);
	pmcntenset_write(1u << 31);
	for (unsigned dense = 0; dense < 2; dense++) {
		draw(dense);
		for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
			set(dense ? "dense fixed" : "scattered fixed", sizes[i], false);
			set(dense ? "dense variable" : "scattered variable", sizes[i], true);
		}
	}
}
