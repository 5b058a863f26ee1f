// An interpreter of classic BPF (rivals.h): one switch, aligned loads in one piece.

#include "rivals.h"

enum { LD, LDX, ST, STX, ALU, JMP, RET, MISC };		// code & 7
enum { W = 0x00, H = 0x08, B = 0x10 };			// code & 0x18
enum { IMM = 0x00, ABS = 0x20, IND = 0x40, LEN = 0x80, MSH = 0xa0 };
enum { ADD = 0x00, SUB = 0x10, MUL = 0x20, DIV = 0x30, OR = 0x40, AND = 0x50, LSH = 0x60, RSH = 0x70, NEG = 0x80 };
enum { JA = 0x00, JEQ = 0x10, JGT = 0x20, JGE = 0x30, JSET = 0x40 };
enum { K = 0x00, X = 0x08, A = 0x10 };

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
		case RET | K:
			return k;
		case RET | A:
			return a;
		case LD | W | IND:
			k += x;
			// fall through
		case LD | W | ABS:
			if (k > size || size - k < 4)
				return 0;
			a = word(frame + k);
			break;
		case LD | H | IND:
			k += x;
			// fall through
		case LD | H | ABS:
			if (k > size || size - k < 2)
				return 0;
			a = half(frame + k);
			break;
		case LD | B | IND:
			k += x;
			// fall through
		case LD | B | ABS:
			if (k >= size)
				return 0;
			a = frame[k];
			break;
		case LD | W | LEN:
			a = size;
			break;
		case LD | IMM:
			a = k;
			break;
		case LDX | IMM:
			x = k;
			break;
		case LDX | B | MSH:
			if (k >= size)
				return 0;
			x = (frame[k] & 0xf) << 2;
			break;
		case JMP | JA:
			i += k;
			break;
		case JMP | JEQ | K:
			i += a == k ? i->jt : i->jf;
			break;
		case JMP | JGT | K:
			i += a > k ? i->jt : i->jf;
			break;
		case JMP | JGE | K:
			i += a >= k ? i->jt : i->jf;
			break;
		case JMP | JSET | K:
			i += (a & k) != 0 ? i->jt : i->jf;
			break;
		case JMP | JEQ | X:
			i += a == x ? i->jt : i->jf;
			break;
		case ALU | ADD | K:
			a += k;
			break;
		case ALU | SUB | K:
			a -= k;
			break;
		case ALU | MUL | K:
			a *= k;
			break;
		case ALU | OR | K:
			a |= k;
			break;
		case ALU | AND | K:
			a &= k;
			break;
		case ALU | LSH | K:
			a <<= k;
			break;
		case ALU | RSH | K:
			a >>= k;
			break;
		case ALU | ADD | X:
			a += x;
			break;
		case ALU | NEG:
			a = -a;
			break;
		case MISC | 0x00:		// TAX
			x = a;
			break;
		case MISC | 0x80:		// TXA
			a = x;
			break;
		default:
			return 0;
		}
	}
}
