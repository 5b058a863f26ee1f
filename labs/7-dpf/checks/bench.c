// What classification costs, by compiled filters and by their rivals, for `make bench`. Filters are UDP's by
// destination port, as the paper's are TCP's. PMCCNTR counts instructions here: from a classifier's first to its return, which
// is one of them.

#include <exo/arm.h>
#include <exo/check.h>
#include <exo/dpf.h>
#include <exo/string.h>

#include "../../../kernel/dpf/rivals/cbpf.c"
#include "../../../kernel/dpf/rivals/separate.c"
#include "../../../kernel/dpf/rivals/trie.c"

ARM_SYSREG(pmcr, 0, c9, c12, 0)		// Performance Monitors Control Register (B4.1.117)
ARM_SYSREG(pmcntenset, 0, c9, c12, 1)	// Count Enable Set register (B4.1.116)
ARM_SYSREG(pmccntr, 0, c9, c13, 0)	// Cycle Count Register (B4.1.113)

#define PORTS  2000
#define FRAMES 50			// of different filters, at most, that an average is of
#define FRAME  60			// bytes

static uint16_t ports[PORTS];
static struct dpf_filter filter;
static uint32_t words[(FRAME + 6) / 4];
static uint8_t *const frame = (uint8_t *)words + 2;

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

static counted uint32_t
count(dpf_classifier *f, uint32_t *result)
{
	uint32_t before = pmccntr_read();

	*result = f(frame, FRAME);
	return pmccntr_read() - before;
}

// What count() says more than it should.
static uint32_t
nothing_took(void)
{
	uint32_t result;

	pmcr_write(1);
	pmcntenset_write(1u << 31);
	return count(nothing, &result) - 2;	// mov, bx
}

// Scattered, or dense.
static void
draw(bool dense)
{
	static bool drawn[65536];
	uint64_t state = params()->seed;

	memset(drawn, 0, sizeof drawn);
	for (unsigned n = 0; n < PORTS; n++) {
		do
			ports[n] = dense ? 7000 + n : random64(&state);
		while (drawn[ports[n]]);
		drawn[ports[n]] = true;
	}
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

enum design { DPF, TRIE, SEPARATE, BPF, DESIGNS };

static const char *const names[DESIGNS] = { "dpf", "trie", "separate", "bpf" };

static struct cbpf programs[PORTS][ARRAY_SIZE(program)];
static struct dpf_canon canons[PORTS];

// Of the present set of filters: their number and name; instructions for the installation of all of them, and for a
// frame on average.
static unsigned filters;
static const char *set;
static uint32_t installation[DESIGNS], average[DESIGNS];

static uint32_t
interpret_all(const uint8_t *at, uint32_t size)
{
	for (unsigned n = 0; n < filters; n++)
		if (cbpf_run(programs[n], at, size) != 0)
			return n + 1;
	return 0;
}

// One that no filter names.
static uint16_t
unused_port(void)
{
	uint16_t port = 30000;

	for (unsigned n = 0; n < filters; n++)
		if (ports[n] == port) {
			port++;
			n = -1;
		}
	return port;
}

// The instructions for a frame to that port, which is filter `id`'s; 0: nobody's.
static uint32_t
frame_to(uint16_t port, dpf_classifier *f, uint32_t id)
{
	uint32_t result, none = nothing_took(), took;

	make_frame(port);
	took = count(f, &result) - none;
	if (result != id)
		report("wrong %s %u %u", set, filters, port);
	return took;
}

// Report the frames of the first filter and of the last, of nobody, on average (rounded up), and at worst; the id of
// filter n is n + 1.
static void
measure(enum design d, dpf_classifier *f)
{
	uint32_t total = 0, worst = 0, frames = filters < FRAMES ? filters : FRAMES;

	for (unsigned i = 0; i < frames; i++) {
		unsigned n = i * filters / frames;
		uint32_t took = frame_to(ports[n], f, n + 1);

		total += took;
		worst = took > worst ? took : worst;
	}
	average[d] = (total + frames - 1) / frames;
	report("first %s %s %u %u", names[d], set, filters, frame_to(ports[0], f, 1));
	report("average %s %s %u %u", names[d], set, filters, average[d]);
	report("last %s %s %u %u", names[d], set, filters, frame_to(ports[filters - 1], f, filters));
	report("none %s %s %u %u", names[d], set, filters, frame_to(unused_port(), f, 0));
	report("worst %s %s %u %u", names[d], set, filters, worst);
	report("installation %s %s %u %u", names[d], set, filters, installation[d]);
}

// The live classifier.
static void
compiled(bool variable)
{
	static const struct guard guard;
	uint32_t before, last = 0;

	installation[DPF] = 0;
	for (unsigned n = 0; n < filters; n++) {
		make_filter(ports[n], variable);
		before = pmccntr_read();
		dpf_insert(&filter, 1, &guard, NULL);
		last = pmccntr_read() - before;
		installation[DPF] += last;
	}
	report("insertion %s %u %u", set, filters, last);
	report("bytes %s %u %u", set, filters, 4 * dpf_use().words);
	measure(DPF, dpf_classify);
	before = pmccntr_read();
	dpf_delete(filters, 1);
	report("deletion %s %u %u", set, filters, pmccntr_read() - before);
	for (unsigned n = 1; n < filters; n++)
		dpf_delete(n, 1);
}

// Its trie, without code. Nobody asks here whether two filters overlap.
static void
interpreted(bool variable)
{
	uint32_t before;

	installation[TRIE] = 0;
	for (unsigned n = 0; n < filters; n++) {
		make_filter(ports[n], variable);
		before = pmccntr_read();
		dpf_canonical(&filter, &canons[n]);
		dpf_trie_insert(&canons[n], n + 1);
		installation[TRIE] += pmccntr_read() - before;
	}
	before = pmccntr_read();
	trie_prepare();
	installation[TRIE] += pmccntr_read() - before;
	measure(TRIE, trie_run);
	for (unsigned n = 0; n < filters; n++)
		dpf_trie_delete(&canons[n]);
}

// One filter after the other.
static void
apart(bool variable)
{
	dpf_classifier *separate;
	uint32_t before;

	installation[SEPARATE] = 0;
	for (unsigned n = 0; n < filters; n++) {
		make_filter(ports[n], variable);
		before = pmccntr_read();
		dpf_canonical(&filter, &canons[n]);
		installation[SEPARATE] += pmccntr_read() - before;
	}
	before = pmccntr_read();
	separate = separate_compile(canons, filters);
	installation[SEPARATE] += pmccntr_read() - before;
	measure(SEPARATE, separate);
	separate_free(separate);

	before = pmccntr_read();
	for (unsigned n = 0; n < filters; n++) {
		memcpy(programs[n], variable ? program : fixed_program, variable ? sizeof program : sizeof fixed_program);
		programs[n][variable ? 10 : 9].k = ports[n];
	}
	installation[BPF] = pmccntr_read() - before;
	measure(BPF, interpret_all);
}

// After how many frames what the compiled trie costs more at its installation has come back.
static void
break_even(void)
{
	for (enum design d = TRIE; d < DESIGNS; d++) {
		uint32_t gain = average[d] - average[DPF], more = installation[DPF] - installation[d];

		if (gain > 0)
			report("repaid %s %s %u %u", names[d], set, filters, (more + gain - 1) / gain);
	}
}

static void
all(const char *name, bool variable)
{
	set = name;
	compiled(variable);
	interpreted(variable);
	apart(variable);
	break_even();
}

void
check_main(void)
{
	static const struct guard guard;
	static const unsigned sizes[] = { 1, 2, 10, 100, 1000, 2000 };

	nothing_took();
	make_filter(0, false);
	dpf_delete(dpf_insert(&filter, 1, &guard, NULL), 1);	// the first of all maps the space for code
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		filters = sizes[i];
		draw(false);
		all("fixed", false);
		all("variable", true);
		draw(true);
		set = "dense";
		compiled(false);
	}
}
