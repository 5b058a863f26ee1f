// BPF instructions as C initialisers, under the names that Linux's filter.h has made common.
#pragma once

#include <exo/bpf.h>

#define BPF_RAW_INSN(opcode, dst, src, offset, imm) \
	{ (uint8_t)(opcode), (uint8_t)((dst) | (src) << 4), (int16_t)(offset), (int32_t)(imm) }

#define BPF_ALU32_IMM(op, dst, imm) BPF_RAW_INSN(BPF_ALU | (op), dst, 0, 0, imm)
#define BPF_ALU32_REG(op, dst, src) BPF_RAW_INSN(BPF_ALU | (op) | BPF_X, dst, src, 0, 0)
#define BPF_MOV32_IMM(dst, imm)     BPF_ALU32_IMM(BPF_MOV, dst, imm)
#define BPF_MOV32_REG(dst, src)     BPF_ALU32_REG(BPF_MOV, dst, src)

#define BPF_LDX_MEM(size, dst, src, offset) BPF_RAW_INSN(BPF_LDX | BPF_MEM | (size), dst, src, offset, 0)
#define BPF_STX_MEM(size, dst, src, offset) BPF_RAW_INSN(BPF_STX | BPF_MEM | (size), dst, src, offset, 0)

#define BPF_JMP32_IMM(op, dst, imm, offset) BPF_RAW_INSN(BPF_JMP32 | (op), dst, 0, offset, imm)
#define BPF_JMP_A(offset)                   BPF_RAW_INSN(BPF_JMP | BPF_JA, 0, 0, offset, 0)
#define BPF_EMIT_CALL(helper)               BPF_RAW_INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define BPF_EXIT_INSN()                     BPF_RAW_INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
