// SipHash-2-4, written from the paper's section 2.

#include <exo/siphash.h>
#include <exo/string.h>

static inline uint64_t
rotated(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotated(v[1], 13) ^ v[0];
	v[3] = rotated(v[3], 16) ^ v[2];
	v[0] = rotated(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotated(v[1], 17) ^ v[2];
	v[3] = rotated(v[3], 21) ^ v[0];
	v[2] = rotated(v[2], 32);
}

static void
absorb(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

uint64_t
siphash(const uint8_t key[16], const void *data, size_t size)
{
	const uint8_t *p = data;
	uint64_t k[2], word, v[4];
	size_t left;

	memcpy(k, key, sizeof k);
	v[0] = k[0] ^ 0x736f6d6570736575;	// "somepseudorandomlygeneratedbytes"
	v[1] = k[1] ^ 0x646f72616e646f6d;
	v[2] = k[0] ^ 0x6c7967656e657261;
	v[3] = k[1] ^ 0x7465646279746573;
	for (left = size; left >= 8; left -= 8, p += 8) {
		memcpy(&word, p, 8);
		absorb(v, word);
	}
	word = 0;
	memcpy(&word, p, left);
	absorb(v, word | (uint64_t)size << 56);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
