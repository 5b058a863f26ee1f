// What payloads that run programs are given, and how they say what memory is like.
#pragma once

#include <exo/bpf.h>
#include <exo/params.h>

// A program of the run's input, one behind the other, as Case in labs/6-jit/programs.py has them.
struct given {
	const struct given_head {
		uint32_t count, ways;		// instructions; what is asked for
		uint32_t size, argument, fuel;
		uint32_t more;			// instructions that are said to be there, and are not
	} *head;
	const struct bpf_insn *insns;
	const uint8_t *bytes;			// its memory
};

// The next one, the first if g is all zeros; false: that was the last.
static inline bool
given_next(struct given *g)
{
	const uint8_t *at = g->head == NULL ? params()->input : g->bytes + (g->head->size + 3) / 4 * 4;

	if (at >= (const uint8_t *)params()->input + params()->input_size)
		return false;
	g->head = (const struct given_head *)at;
	g->insns = (const struct bpf_insn *)(g->head + 1);
	g->bytes = (const uint8_t *)(g->insns + g->head->count);
	return true;
}

// CRC-32 (IEEE 802.3), as zlib.crc32() has it.
static inline uint32_t
crc32(const void *from, uint32_t size)
{
	static uint32_t table[256];
	uint32_t crc = ~0u;

	for (uint32_t n = table[1] == 0 ? 0 : 256; n < 256; n++) {
		table[n] = n;
		for (unsigned bit = 0; bit < 8; bit++)
			table[n] = table[n] >> 1 ^ (table[n] & 1 ? 0xedb88320 : 0);
	}
	for (const uint8_t *bytes = from; size > 0; size--)
		crc = crc >> 8 ^ table[(crc ^ *bytes++) & 0xff];
	return ~crc;
}
