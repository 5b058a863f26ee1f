// An interpreter of classic BPF (rivals.h): one switch, aligned loads in one piece.

#include "rivals.h"

enum { C_LD = 0, C_LDX = 1, C_ALU = 4, C_JMP = 5, C_RET = 6, C_MISC = 7 };	// code & 7
enum { C_W = 0x00, C_H = 0x08, C_B = 0x10 };			// code & 0x18
enum { C_IMM = 0x00, C_ABS = 0x20, C_IND = 0x40, C_LEN = 0x80, C_MSH = 0xa0 };
enum { C_ADD = 0x00, C_SUB = 0x10, C_MUL = 0x20, C_OR = 0x40, C_AND = 0x50, C_LSH = 0x60, C_RSH = 0x70, C_NEG = 0x80 };
enum { C_JA = 0x00, C_JEQ = 0x10, C_JGT = 0x20, C_JGE = 0x30, C_JSET = 0x40 };
enum { C_K = 0x00, C_X = 0x08, C_A = 0x10 };

static inline uint32_t
half(const uint8_t *at)
{
	return (uintptr_t)at % 2 == 0 ? __builtin_bswap16(*(const uint16_t *)(const void *)at) : (uint32_t)at[0] << 8 | at[1];
}

static inline uint32_t
word(const uint8_t *at)
{
	return (uintptr_t)at % 4 == 0 ? __builtin_bswap32(*(const uint32_t *)(const void *)at) : half(at) << 16 | half(at + 2);
}

uint32_t
cbpf_run(const struct cbpf *program, const uint8_t *frame, uint32_t size)
{
	uint32_t a = 0, x = 0;

	for (const struct cbpf *i = program;; i++) {
		uint32_t k = i->k;

		switch (i->code) {
		case C_RET | C_K:
			return k;
		case C_RET | C_A:
			return a;
		case C_LD | C_W | C_IND:
			k += x;
			// fall through
		case C_LD | C_W | C_ABS:
			if (k > size || size - k < 4)
				return 0;
			a = word(frame + k);
			break;
		case C_LD | C_H | C_IND:
			k += x;
			// fall through
		case C_LD | C_H | C_ABS:
			if (k > size || size - k < 2)
				return 0;
			a = half(frame + k);
			break;
		case C_LD | C_B | C_IND:
			k += x;
			// fall through
		case C_LD | C_B | C_ABS:
			if (k >= size)
				return 0;
			a = frame[k];
			break;
		case C_LD | C_W | C_LEN:
			a = size;
			break;
		case C_LD | C_IMM:
			a = k;
			break;
		case C_LDX | C_IMM:
			x = k;
			break;
		case C_LDX | C_B | C_MSH:
			if (k >= size)
				return 0;
			x = (frame[k] & 0xf) << 2;
			break;
		case C_JMP | C_JA:
			i += k;
			break;
		case C_JMP | C_JEQ | C_K:
			i += a == k ? i->jt : i->jf;
			break;
		case C_JMP | C_JGT | C_K:
			i += a > k ? i->jt : i->jf;
			break;
		case C_JMP | C_JGE | C_K:
			i += a >= k ? i->jt : i->jf;
			break;
		case C_JMP | C_JSET | C_K:
			i += (a & k) != 0 ? i->jt : i->jf;
			break;
		case C_JMP | C_JEQ | C_X:
			i += a == x ? i->jt : i->jf;
			break;
		case C_ALU | C_ADD | C_K:
			a += k;
			break;
		case C_ALU | C_SUB | C_K:
			a -= k;
			break;
		case C_ALU | C_MUL | C_K:
			a *= k;
			break;
		case C_ALU | C_OR | C_K:
			a |= k;
			break;
		case C_ALU | C_AND | C_K:
			a &= k;
			break;
		case C_ALU | C_LSH | C_K:
			a <<= k;
			break;
		case C_ALU | C_RSH | C_K:
			a >>= k;
			break;
		case C_ALU | C_ADD | C_X:
			a += x;
			break;
		case C_ALU | C_NEG:
			a = -a;
			break;
		case C_MISC | 0x00:		// TAX
			x = a;
			break;
		case C_MISC | 0x80:		// TXA
			a = x;
			break;
		default:
			return 0;
		}
	}
}
