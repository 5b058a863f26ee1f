// ARMv7-A as this kernel uses it: bits of the program status registers and accessors for the
// system registers, under the names of the ARM Architecture Reference Manual, ARMv7-A and
// ARMv7-R edition (DDI 0406C). Included by C and by assembly.
#pragma once

// Program status registers (B1.3.3): mode, Thumb, masks, byte order.
#define PSR_M      0x1f		// M[4:0], the mode
#define PSR_M_USR  0x10		// User
#define PSR_M_FIQ  0x11		// FIQ
#define PSR_M_IRQ  0x12		// IRQ
#define PSR_M_SVC  0x13		// Supervisor: where the kernel runs
#define PSR_M_MON  0x16		// Monitor
#define PSR_M_ABT  0x17		// Abort
#define PSR_M_HYP  0x1a		// Hyp
#define PSR_M_UND  0x1b		// Undefined
#define PSR_M_SYS  0x1f		// System: privileged, with User's registers
#define PSR_T      (1 << 5)	// Thumb state
#define PSR_F      (1 << 6)	// FIQs masked
#define PSR_I      (1 << 7)	// IRQs masked
#define PSR_A      (1 << 8)	// asynchronous aborts masked
#define PSR_E      (1 << 9)	// big-endian data

// MPIDR (B4.1.106): which core this is.
#define MPIDR_AFF0 0xff

#ifndef __ASSEMBLER__

#include <exo/types.h>

// ARM_SYSREG(name, opc1, CRn, CRm, opc2) defines name_read() and name_write() for a CP15 register.
#define ARM_SYSREG(name, opc1, crn, crm, opc2) \
	static inline uint32_t name##_read(void) \
	{ \
		uint32_t v; \
		__asm__ volatile("mrc p15, " #opc1 ", %0, " #crn ", " #crm ", " #opc2 : "=r"(v)); \
		return v; \
	} \
	static inline void name##_write(uint32_t v) \
	{ \
		__asm__ volatile("mcr p15, " #opc1 ", %0, " #crn ", " #crm ", " #opc2 : : "r"(v) : "memory"); \
	}

ARM_SYSREG(midr, 0, c0, c0, 0)		// Main ID Register (B4.1.105)
ARM_SYSREG(mpidr, 0, c0, c0, 5)		// Multiprocessor Affinity Register (B4.1.106)
ARM_SYSREG(dfsr, 0, c5, c0, 0)		// Data Fault Status Register (B4.1.52)
ARM_SYSREG(ifsr, 0, c5, c0, 1)		// Instruction Fault Status Register (B4.1.96)
ARM_SYSREG(dfar, 0, c6, c0, 0)		// Data Fault Address Register (B4.1.51)
ARM_SYSREG(ifar, 0, c6, c0, 2)		// Instruction Fault Address Register (B4.1.95)
ARM_SYSREG(vbar, 0, c12, c0, 0)		// Vector Base Address Register (B4.1.156)

static inline uint32_t
cpsr_read(void)
{
	uint32_t v;

	__asm__ volatile("mrs %0, cpsr" : "=r"(v));
	return v;
}

// Sleep until an interrupt is pending, masked or not (A8.8.425).
static inline void
wfi(void)
{
	__asm__ volatile("dsb\n\twfi" : : : "memory");
}

#endif
