// What classification costs, by compiled filters and by their rivals, for `make bench`. Filters are UDP's by destination
// port, as the paper's are TCP's; each frame is another filter's.

#include "../../../kernel/dpf/rivals/cbpf.c"
#include "../../../kernel/dpf/rivals/separate.c"
#include "../../../kernel/dpf/rivals/trie.c"
#include "ports.h"

#define FRAMES 50

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

static struct cbpf programs[PORTS][ARRAY_SIZE(program)];
static struct dpf_canon canons[PORTS];
static unsigned filters;		// of the present set

static uint32_t
interpret_all(const uint8_t *at, uint32_t size)
{
	for (unsigned n = 0; n < filters; n++)
		if (cbpf_run(programs[n], at, size) != 0)
			return n + 1;
	return 0;
}

// Report the average, rounded up, and the worst of some frames that match a filter; the id of filter n is n + 1.
static void
measure(const char *design, const char *set, dpf_classifier *f)
{
	uint32_t result, none = nothing_took();
	uint32_t total = 0, worst = 0, frames = filters < FRAMES ? filters : FRAMES;

	for (unsigned i = 0; i < frames; i++) {
		unsigned n = i * filters / frames;
		uint32_t took;

		make_frame(ports[n]);
		took = count(f, &result) - none;
		total += took;
		worst = took > worst ? took : worst;
		if (result != n + 1)
			report("wrong %s %s %u", design, set, n);
	}
	report("average %s %s %u %u", design, set, filters, (total + frames - 1) / frames);
	report("worst %s %s %u %u", design, set, filters, worst);
}

// The live classifier, and the trie interpreted.
static void
merged(const char *set, bool variable)
{
	static const struct guard guard;
	uint32_t before = 0, insertion = 0;

	for (unsigned n = 0; n < filters; n++) {
		make_filter(ports[n], variable);
		before = pmccntr_read();
		dpf_insert(&filter, 1, &guard, NULL);
		insertion = pmccntr_read() - before;
	}
	report("insertion %s %u %u", set, filters, insertion);
	report("bytes %s %u %u", set, filters, 4 * dpf_use().words);
	measure("dpf", set, dpf_classify);
	trie_prepare();
	measure("trie", set, trie_run);
	before = pmccntr_read();
	dpf_delete(filters, 1);
	report("deletion %s %u %u", set, filters, pmccntr_read() - before);
	for (unsigned n = 1; n < filters; n++)
		dpf_delete(n, 1);
}

// One filter after the other.
static void
apart(const char *set, bool variable)
{
	dpf_classifier *separate;

	for (unsigned n = 0; n < filters; n++) {
		make_filter(ports[n], variable);
		dpf_canonical(&filter, &canons[n]);
		memcpy(programs[n], variable ? program : fixed_program, variable ? sizeof program : sizeof fixed_program);
		programs[n][variable ? 10 : 9].k = ports[n];
	}
	separate = separate_compile(canons, filters);
	measure("separate", set, separate);
	separate_free(separate);
	measure("bpf", set, interpret_all);
}

void
check_main(void)
{
	static const unsigned sizes[] = { 1, 2, 10, 100, 1000, 2000 };

	nothing_took();
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		filters = sizes[i];
		draw(false);
		merged("fixed", false);
		apart("fixed", false);
		merged("variable", true);
		apart("variable", true);
		draw(true);
		merged("dense", false);
	}
}
