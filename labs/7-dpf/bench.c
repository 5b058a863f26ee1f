// What classification costs, by compiled filters and by their rivals, for `make bench`. Filters are UDP's by destination
// port, as the paper's are TCP's; each frame is the next filter's. PMCCNTR counts instructions here.

#include <exo/arm.h>
#include <exo/check.h>
#include <exo/dpf.h>
#include <exo/string.h>

#include "../../kernel/dpf/rivals/cbpf.c"
#include "../../kernel/dpf/rivals/separate.c"
#include "../../kernel/dpf/rivals/trie.c"

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

// What tcpdump -ddd prints of `ip and udp and dst host 10.0.2.15 and udp dst port N`, N apart; and of the same with
// `ether[36:2] = N`, which knows no other header than that of 20 bytes.
static const struct cbpf program[] = {
	{ 0x28, 0, 0, 12 }, { 0x15, 0, 10, 0x800 },		// ldh [12]; jeq
	{ 0x30, 0, 0, 23 }, { 0x15, 0, 8, 17 },			// ldb [23]; jeq
	{ 0x20, 0, 0, 30 }, { 0x15, 0, 6, 0x0a00020f },		// ld [30]; jeq
	{ 0x28, 0, 0, 20 }, { 0x45, 4, 0, 0x1fff },		// ldh [20]; jset
	{ 0xb1, 0, 0, 14 }, { 0x48, 0, 0, 16 },			// ldxb 4*([14]&0xf); ldh [x + 16]
	{ 0x15, 0, 1, 0 }, { 0x06, 0, 0, 262144 }, { 0x06, 0, 0, 0 },
};
static const struct cbpf fixed_program[] = {
	{ 0x28, 0, 0, 12 }, { 0x15, 0, 9, 0x800 },
	{ 0x30, 0, 0, 23 }, { 0x15, 0, 7, 17 },
	{ 0x20, 0, 0, 30 }, { 0x15, 0, 5, 0x0a00020f },
	{ 0x28, 0, 0, 20 }, { 0x45, 3, 0, 0x1fff },
	{ 0x28, 0, 0, 36 }, { 0x15, 0, 1, 0 }, { 0x06, 0, 0, 262144 }, { 0x06, 0, 0, 0 },
};

static struct cbpf programs[10][ARRAY_SIZE(program)];

static uint32_t
interpret_all(const uint8_t *at, uint32_t size)
{
	for (unsigned n = 0; n < ARRAY_SIZE(programs); n++)
		if (cbpf_run(programs[n], at, size) != 0)
			return n + 1;
	return 0;
}

static void
say(const char *name, unsigned filters, struct counts c)
{
	report("%s %u: average %u.%02u worst %u wrong %u", name, filters, c.total / filters, c.total * 100 / filters % 100,
	    c.worst, c.wrong);
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
	trie_prepare();
	say("trie interpreted", filters, measure(trie_run, filters));
	report("%s %u: average %u.%02u worst %u wrong %u insertion %u code %u", name, filters, c.total / filters,
	    c.total * 100 / filters % 100, c.worst, c.wrong, last, 4 * dpf_use().words);
	for (unsigned n = 0; n < filters; n++)
		dpf_delete(ids[n], 1);
}

static void
one_by_one(unsigned many, bool variable)
{
	static struct dpf_canon canon[100];

	for (unsigned n = 0; n < many; n++) {
		make_filter(ports[n], variable);
		dpf_canonical(&filter, &canon[n]);
		ids[n] = n + 1;
	}
	say(variable ? "compiled one by one, variable" : "compiled one by one", many, measure(separate_compile(canon, many), many));
}

static void
interpreted(bool variable)
{
	const struct cbpf *from = variable ? program : fixed_program;

	for (unsigned n = 0; n < ARRAY_SIZE(programs); n++) {
		memcpy(programs[n], from, variable ? sizeof program : sizeof fixed_program);
		programs[n][variable ? 10 : 9].k = ports[n];
		ids[n] = n + 1;
	}
	say(variable ? "cbpf interpreted, variable" : "cbpf interpreted, fixed", 1, measure(interpret_all, 1));
	say(variable ? "cbpf interpreted, variable" : "cbpf interpreted, fixed", 10, measure(interpret_all, 10));
}

static void
rivals(void)
{
	interpreted(false);
	interpreted(true);
	one_by_one(10, false);
	one_by_one(10, true);
	one_by_one(100, false);
}

void
check_main(void)
{
	static const unsigned sizes[] = { 1, 2, 3, 5, 10, 100, 1000, 2000 };

	pmcr_write(1);
	pmcntenset_write(1u << 31);
	for (unsigned dense = 0; dense < 2; dense++) {
		draw(dense);
		rivals();
		for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
			set(dense ? "dense fixed" : "scattered fixed", sizes[i], false);
			set(dense ? "dense variable" : "scattered variable", sizes[i], true);
		}
	}
}
