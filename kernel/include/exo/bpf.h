// Handlers in a portable assembly: the IETF's BPF instruction set (RFC 9669), conformance groups base32 and divmul32,
// without program-local calls. An application brings a program; the kernel verifies it, compiles it (exo/jit.h) and
// runs it where it is wanted (exo/endpoint.h, exo/predicate.h, exo/udf.h). Compiles in the kernel and on the host.
//
// *Registers* are 32 bits wide. That is BPF's own semantics, not a cut: of base32 every write zero-extends, and the
// upper halves of r1 to r3, r10 and of helpers' results are zero, so upper halves are zero always. Addresses are modulo
// 2^32.
//
// *Memory* that a program may touch is two stretches: its memory, bytes that the kernel states when it runs it, and its
// stack, BPF_STACK bytes that end where r10 points. Accesses are of 1, 2 and 4 bytes, aligned or not, little-endian.
// The stack is reached through r10 with the instruction's offset alone, and that is checked once, by the verifier; any
// other register's address has to lie in the memory, all bytes of it, and is checked each time. One that does not ends
// the program, and nothing of that access is done.
//
// *Time* is bounded by fuel: each branch that is taken and leads backwards or to itself, and each call of a helper,
// takes one unit before it is done. Without one left the program ends there instead.
//
// It begins with r1 the address of its memory, r2 the bytes of it, r3 an argument, and r10; the rest is undefined, and
// not to be read. r0 is its result.
#pragma once

#include <exo/types.h>

#define BPF_STACK     512
#define BPF_INSNS_MAX 4096
#define BPF_HELPERS   16

// An instruction (RFC 9669, section 3.1), 8 bytes, little-endian.
struct bpf_insn {
	uint8_t opcode;
	uint8_t regs;			// bits 3:0 dst, 7:4 src
	int16_t offset;
	int32_t imm;
};

static inline unsigned
bpf_dst(const struct bpf_insn *i)
{
	return i->regs & 0xf;
}

static inline unsigned
bpf_src(const struct bpf_insn *i)
{
	return i->regs >> 4;
}

// Opcodes: bits 2:0 are the class (section 3.2).
#define BPF_CLASS(opcode) ((opcode) & 7)
#define BPF_LD    0
#define BPF_LDX   1
#define BPF_ST    2
#define BPF_STX   3
#define BPF_ALU   4
#define BPF_JMP   5
#define BPF_JMP32 6
#define BPF_ALU64 7

// ALU, JMP: bit 3 says whether the second operand is imm or src, bits 7:4 the operation (section 4).
#define BPF_X 0x08

#define BPF_OP(opcode) ((opcode) & 0xf0)
#define BPF_ADD  0x00
#define BPF_SUB  0x10
#define BPF_MUL  0x20
#define BPF_DIV  0x30			// offset 1: signed
#define BPF_OR   0x40
#define BPF_AND  0x50
#define BPF_LSH  0x60
#define BPF_RSH  0x70
#define BPF_NEG  0x80
#define BPF_MOD  0x90			// offset 1: signed
#define BPF_XOR  0xa0
#define BPF_MOV  0xb0			// offset 8, 16: sign-extending that many bits of src
#define BPF_ARSH 0xc0
#define BPF_END  0xd0			// of ALU: to little (imm) or big endian (src); of ALU64: swapped; imm bits

#define BPF_JA   0x00			// of JMP by offset, of JMP32 by imm
#define BPF_JEQ  0x10
#define BPF_JGT  0x20
#define BPF_JGE  0x30
#define BPF_JSET 0x40
#define BPF_JNE  0x50
#define BPF_JSGT 0x60
#define BPF_JSGE 0x70
#define BPF_CALL 0x80			// of JMP: src 0, a helper's number in imm
#define BPF_EXIT 0x90			// of JMP
#define BPF_JLT  0xa0
#define BPF_JLE  0xb0
#define BPF_JSLT 0xc0
#define BPF_JSLE 0xd0

// Of a jump that leads to an instruction: how many instructions on, counted from the one behind it.
static inline int32_t
bpf_distance(const struct bpf_insn *i)
{
	return i->opcode == (BPF_JMP32 | BPF_JA) ? i->imm : i->offset;
}

static inline bool
bpf_jumps(const struct bpf_insn *i)
{
	return BPF_CLASS(i->opcode) == BPF_JMP32 || i->opcode == (BPF_JMP | BPF_JA);
}

// LDX, ST, STX: bits 4:3 the size, 7:5 the mode (section 5).
#define BPF_SIZE(opcode) ((opcode) & 0x18)
#define BPF_W    0x00
#define BPF_H    0x08
#define BPF_B    0x10
#define BPF_DW   0x18
#define BPF_MODE(opcode) ((opcode) & 0xe0)
#define BPF_MEM  0x60

// Bytes of an access.
static inline unsigned
bpf_bytes(uint8_t opcode)
{
	return BPF_SIZE(opcode) == BPF_W ? 4 : BPF_SIZE(opcode) == BPF_H ? 2 : 1;
}

// The access itself, which may be unaligned.
static inline uint32_t
bpf_load(const uint8_t *from, unsigned bytes)
{
	uint32_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | from[bytes];
	return value;
}

static inline void
bpf_store(uint8_t *to, uint32_t value, unsigned bytes)
{
	for (; bytes > 0; bytes--, value >>= 8)
		*to++ = value;
}

// Why a program is refused. Of several reasons at an instruction the first in this order is
// told.
enum bpf_error {
	BPF_OK,
	BPF_E_SIZE,		// no instruction, or more than BPF_INSNS_MAX
	BPF_E_LOCAL_CALL,	// a program-local call: CALL with src 1
	BPF_E_OPCODE,		// no instruction of base32 or divmul32
	BPF_E_RESERVED,		// a field is not zero that is not used, or has a value not known
	BPF_E_REGISTER,		// there is no such register, or r10 would be written
	BPF_E_JUMP,		// out of the program
	BPF_E_HELPER,		// there is no such helper
	BPF_E_STACK,		// an access through r10 that is not all in the stack
	BPF_E_END,		// the last instruction is neither EXIT nor JA
	BPF_E_UNDEFINED,	// on some path something is read that nothing has written

	// Where exo/program.h asks for it:
	BPF_E_STORE,		// a store other than to the stack
	BPF_E_ADDRESS,		// what it does would depend on where its memory lies
};

// As an application is told.
struct bpf_refused {
	uint32_t error;		// BPF_E_
	uint32_t at;		// of which instruction
};

// What a helper is given: r1 to r5, of which it reads the first `arguments`; it defines r0 and leaves r1 to r5
// undefined.
struct bpf_context;
typedef uint32_t bpf_function(struct bpf_context *context, const uint32_t argument[5]);

struct bpf_helper {
	bpf_function *function;	// null: there is none of that number
	uint32_t arguments;	// how many of r1 to r5 it reads
};

struct bpf_context {
	uint32_t memory;	// address of the first byte,
	uint32_t size;		// and how many there are; 4 at least
	uint32_t argument;	// r3
	uint32_t fuel;		// units; what is left when it ends
	uint32_t fault;		// address of the access that was refused
	const struct bpf_helper *helpers;	// BPF_HELPERS of them
};

// How a program ended.
enum bpf_end { BPF_DONE, BPF_FAULT, BPF_FUEL };

// Step 6.1, in structure.c: all up to BPF_E_END, one instruction after the other; *at is the
// first that is refused, 0 of BPF_E_SIZE.
enum bpf_error bpf_structure(const struct bpf_insn *insns, uint32_t count,
    const struct bpf_helper *helpers, uint32_t *at);

// Given, in kernel/jit/defined.c: BPF_E_UNDEFINED, of a program that bpf_structure() accepts. On
// every path; no path is thought impossible.
enum bpf_error bpf_defined(const struct bpf_insn *insns, uint32_t count,
    const struct bpf_helper *helpers, uint32_t *at);

// Step 6.2, in interpret.c: run a program that both accept. *result is r0 if it is DONE.
enum bpf_end bpf_interpret(const struct bpf_insn *insns, uint32_t count,
    struct bpf_context *context, uint32_t *result);
