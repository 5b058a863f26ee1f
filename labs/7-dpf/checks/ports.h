// Filters by port, their frames, and how classifying one is counted, for bench.c. PMCCNTR counts instructions here: from a
// classifier's first to its return, which is one of them.
#pragma once

#include <exo/arm.h>
#include <exo/check.h>
#include <exo/dpf.h>
#include <exo/string.h>

ARM_SYSREG(pmcr, 0, c9, c12, 0)		// Performance Monitors Control Register (B4.1.117)
ARM_SYSREG(pmcntenset, 0, c9, c12, 1)	// Count Enable Set register (B4.1.116)
ARM_SYSREG(pmccntr, 0, c9, c13, 0)	// Cycle Count Register (B4.1.113)

#define PORTS 2000
#define FRAME 60			// bytes

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
