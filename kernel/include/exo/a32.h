// A run-time assembler: A32 instructions (DDI 0406C, chapter A8) as words. Each function below encodes one instruction;
// registers are 0 to 15, and nothing is checked that its comment does not say. Compiles in the kernel and on the host.
#pragma once

#include <exo/types.h>

enum a32_cond { EQ, NE, CS, CC, MI, PL, VS, VC, HI, LS, GE, LT, GT, LE, AL, HS = CS, LO = CC };

// Opcodes of data processing, bits 24:21 (A5.2.1).
enum a32_op { AND, EOR, SUB, RSB, ADD, ADC, SBC, RSC, TST, TEQ, CMP, CMN, ORR, MOV, BIC, MVN };

// Types of shift (A8.4.3).
enum a32_shift { LSL, LSR, ASR, ROR };

#define A32_SP 13
#define A32_LR 14
#define A32_PC 15

// Step 6.3, in encode.c. a32_imm(): the 12 bits that say this constant, rotated (A5.2.4), with
// the smallest rotation; ~0: none do.
uint32_t a32_imm(uint32_t value);

// Data processing: ADD rd, rn, #...: imm12 is a32_imm()'s; ADD rd, rn, rm. CMP, CMN, TST and TEQ
// want s, and rd 0; MOV and MVN rn 0.
uint32_t a32_dp_imm(enum a32_op op, bool s, unsigned rd, unsigned rn, uint32_t imm12);
uint32_t a32_dp_reg(enum a32_op op, bool s, unsigned rd, unsigned rn, unsigned rm);

// LSL rd, rm, #by: 0 to 31; by 0 it is MOV rd, rm, whatever the type. LSL rd, rm, rs.
uint32_t a32_shift_imm(enum a32_shift shift, unsigned rd, unsigned rm, unsigned by);
uint32_t a32_shift_reg(enum a32_shift shift, unsigned rd, unsigned rm, unsigned rs);

// Bits 15:0 of value, the rest 0.
uint32_t a32_movw(unsigned rd, uint32_t value);

// LDR/STR, -B, -H rt, [rn, #offset]: |offset| < 4096; of H < 256.
uint32_t a32_memory(bool load, unsigned bytes, unsigned rt, unsigned rn, int32_t offset);

// B<cond> to its own address + distance, a multiple of 4, |distance| <= 32 MB - 8.
uint32_t a32_branch(enum a32_cond cond, int32_t distance);

// Given, in kernel/jit/encode.c. Registers as bits: a bit for each.
uint32_t a32_movt(unsigned rd, uint32_t value);		// bits 31:16 of value; the lower half of rd stays
uint32_t a32_memory_reg(bool load, unsigned bytes, unsigned rt, unsigned rn, unsigned rm);	// [rn, rm]
uint32_t a32_mul(unsigned rd, unsigned rn, unsigned rm);
uint32_t a32_mls(unsigned rd, unsigned rn, unsigned rm, unsigned ra);	// rd = ra - rn * rm
uint32_t a32_div(bool is_signed, unsigned rd, unsigned rn, unsigned rm);
uint32_t a32_extend(bool is_signed, unsigned bits, unsigned rd, unsigned rm);	// SXTB, UXTH, ...: bits 8 or 16
uint32_t a32_rev(unsigned bits, unsigned rd, unsigned rm);	// REV16 or REV: bits 16 or 32
uint32_t a32_blx(unsigned rm);
uint32_t a32_push(uint32_t registers);			// two at least
uint32_t a32_pop(uint32_t registers);
uint32_t a32_block(bool load, unsigned rn, uint32_t registers);	// LDM/STM rn!; one at least, not rn

// ADD rd, rn, rm, LSL #by: 1 to 31.
uint32_t a32_dp_shifted(enum a32_op op, bool s, unsigned rd, unsigned rn, unsigned rm,
    enum a32_shift shift, unsigned by);
