// What a module's machine code may be: the first design of lab 5 (after Wahbe, Lucco, Anderson and Graham, SOSP '93,
// section 3, whose dedicated registers these are). Compiles in the kernel and on the host.
//
// *The invariant*, true before and after every accepted instruction, wherever control comes from:
//
//	r10  points into the module's data segment
//	r9   points to a word of its code segment
//	sp   points into the data segment, or less than 4 KB beside it
//	r8   with pins: the address of the GPIO's data registers. Without pins it is a register like others
//
// Segments are a megabyte, aligned to that, with unmapped megabytes around each: an access relative to r10 or sp with
// an immediate goes there, or faults. So each word is judged alone, b and bl by where they stand as well: whoever jumps
// past a guard gains nothing. All else is refused, every UNPREDICTABLE form and should-be-zero bit included (DDI 0406C,
// chapters A5 and A8).
//
// Accepted, under any condition but 0b1111. pc is an operand of none of these. "Written" is each register in a field
// that the instruction writes: Rd, both halves of a long multiply, all that a load fills, a base with writeback.
//
//	computing	data processing in its three forms (an immediate, a shift by an immediate, by a register), MOVW,
//			MOVT, CLZ; MUL, MLA, MLS, UMAAL, UMULL, UMLAL, SMULL, SMLAL, SMULxy, SMULWy, SMLAxy, SMLAWy,
//			SMLALxy, SDIV, UDIV; RBIT, REV, REV16, REVSH, PKH, SXTB, SXTH, SXTB16, UXTB, UXTH, UXTB16,
//			these six with an addend (SXTAB and so on), BFI, BFC, UBFX, SBFX, SSAT, USAT; and NOP. Not
//			written: sp, r9, r10 and, with pins, r8
//	guards		bfi r10, rX, #0, #20; bfi r9, rX, #2, #18; mov sp, r10
//	accesses	LDR, STR, LDRB, STRB, LDRH, STRH, LDRSB, LDRSH, LDRD, STRD with an immediate, and LDM, STM in
//			their four modes without ^: relative to r10 without writeback, relative to sp with or without.
//			What is loaded is as above; sp is in no list, and not stored where it is written back
//	pins		LDR and STR of a word, [r8, #mask << 2], where every pin of mask is in pins (PL061: address
//			bits 9:2 are a mask); the offset is positive, the mask may be 0. Without pins r8 is no base
//	control		b and bl to a word of the module, or to one of the MODULE_ENTRIES; bx r9 and blx r9
#pragma once

#define MODULE_ENTRIES 16		// words at the code segment's start: runtime entries (exo/module.h)
#define MODULE_CODE    0x2000		// where the module's code begins in its segment
#define MODULE_CODE_MAX 0x40000		// bytes of it at most

#ifndef __ASSEMBLER__

#include <exo/types.h>

// Step 5.1, in verify.c: may this word stand at this offset of a code segment whose module's code ends at `end`
// (exclusive), for an owner of these pins (bits 7:0)?
bool verify_word(uint32_t word, uint32_t offset, uint32_t end, uint32_t pins);

// All words of a module's code: size bytes that will stand from MODULE_CODE on. ~0: accepted; else the offset of the
// first word that is not, from the code's first. A size that is 0, no multiple of 4 or above MODULE_CODE_MAX is
// refused, at 0, and nothing is read. One pass; at most 40 instructions a word, on average.
uint32_t verify(const uint32_t *code, uint32_t size, uint32_t pins);

#endif
