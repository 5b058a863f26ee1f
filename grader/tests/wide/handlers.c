// Handlers in C for `clang -target bpf`, and for this machine: the same source, so that both come to the same.
// Each is a program by itself, of its memory, the bytes of it, and an argument. What is on the stack is reached at
// constant places alone.

#include <stdint.h>

#ifdef __bpf__
static uint64_t (*const rotate)(uint64_t) = (void *)7;		// a helper: it has 32 bits, and gives 32
#else
static uint64_t
rotate(uint64_t a)
{
	return (uint32_t)((uint32_t)a << 5 | (uint32_t)a >> 27);
}
#endif

// FNV-1a, and what MurmurHash3 does with a hash at its end.
uint32_t
hash(uint8_t *memory, uint64_t size, uint64_t argument)
{
	uint64_t h = 0xcbf29ce484222325;

	for (uint64_t n = 8; n < size; n++)
		h = (h ^ memory[n]) * 0x100000001b3;
	h = (h ^ h >> 33) * 0xff51afd7ed558ccd;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53;
	h ^= h >> 33;
	*(uint64_t *)memory = h + argument;
	return h >> 32;
}

// A bucket that fills by `rate` tokens a second, of whose time there are a thousand million parts; what does not
// fit is lost.
struct bucket {
	uint64_t now, last, tokens, rate, most;
};

uint32_t
bucket(struct bucket *b, uint64_t size, uint64_t argument)
{
	uint64_t passed = b->now - b->last, whole = passed / 1000000000, part = passed % 1000000000;
	uint64_t more = b->rate == 0 ? 0 : whole * b->rate + part * b->rate / 1000000000;

	if (size < sizeof *b)
		return 0;
	b->last = b->now;
	b->tokens = b->tokens + more < b->most ? b->tokens + more : b->most;
	if (b->tokens < argument)
		return 0;
	b->tokens -= argument;
	return 1 + (b->most - b->tokens) * 100 / b->most;
}

// Numbers with sign, in order.
uint32_t
sort(int64_t *memory, uint64_t size, uint64_t argument)
{
	uint32_t moves = 0;

	for (uint64_t n = 1; n < size / 8; n++) {
		int64_t value = memory[n];
		uint64_t at = n;

		for (; at > 0 && memory[at - 1] > value; at--, moves++)
			memory[at] = memory[at - 1];
		memory[at] = value;
	}
	for (uint64_t n = 0; n < size / 8; n++)
		moves += memory[n] < -1000 ? 256 : memory[n] >> 62 == 1 ? 65536 : 0;
	return moves + ((int32_t)argument >> 1);
}

// A header in network order: what it says is added up and goes back, shifted by as much as it says itself.
struct header {
	uint16_t kind, shift;
	uint32_t words;
	uint64_t time, sum;
	uint32_t data[];
};

uint32_t
header(struct header *h, uint64_t size, uint64_t argument)
{
	uint64_t sum = argument << 32, time = __builtin_bswap64(h->time), words = __builtin_bswap32(h->words) & 15;
	unsigned shift = __builtin_bswap16(h->shift) & 63;

	if (sizeof *h + 4 * words > size)
		return __builtin_bswap16(h->kind);
	for (uint64_t n = 0; n < words; n++)
		sum += (uint64_t)__builtin_bswap32(h->data[n]) << (n & 7);
	h->sum = __builtin_bswap64(sum);
	h->time = __builtin_bswap64((time >> shift) + (time << (63 - shift)) + (uint64_t)((int64_t)time >> shift));
	return rotate(sum) ^ rotate(time >> 32) ^ (sum > time) ^ ((int64_t)sum < (int64_t)time) << 1;
}

// A number in decimal digits, the last one first.
uint32_t
digits(uint8_t *memory, uint64_t size, uint64_t argument)
{
	uint64_t number = *(uint64_t *)memory;
	uint32_t count = 0;

	do {
		memory[8 + count++] = '0' + number % 10;
		number /= 10;
	} while (number != 0 && 8 + count < size);
	return count + argument;
}
