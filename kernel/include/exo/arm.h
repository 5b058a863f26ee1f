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

#define DFSR_WNR   (1 << 11)	// the access was a write (B4.1.52)

// MPIDR (B4.1.106): which core this is.
#define MPIDR_AFF0 0xff

#ifndef __ASSEMBLER__

#include <exo/types.h>

// Inline at -O0 too: between an operation and its barrier stands no call, and no access to a stack.
#define ARM_INLINE static inline __attribute__((always_inline))

// ARM_SYSREG(name, opc1, CRn, CRm, opc2) defines name_read() and name_write() for a CP15 register.
#define ARM_SYSREG(name, opc1, crn, crm, opc2) \
	ARM_INLINE uint32_t name##_read(void) \
	{ \
		uint32_t v; \
		__asm__ volatile("mrc p15, " #opc1 ", %0, " #crn ", " #crm ", " #opc2 : "=r"(v)); \
		return v; \
	} \
	ARM_INLINE void name##_write(uint32_t v) \
	{ \
		__asm__ volatile("mcr p15, " #opc1 ", %0, " #crn ", " #crm ", " #opc2 : : "r"(v) : "memory"); \
	}

ARM_SYSREG(midr, 0, c0, c0, 0)		// Main ID Register (B4.1.105)
ARM_SYSREG(mpidr, 0, c0, c0, 5)		// Multiprocessor Affinity Register (B4.1.106)
ARM_SYSREG(sctlr, 0, c1, c0, 0)		// System Control Register (B4.1.130)
ARM_SYSREG(cpacr, 0, c1, c0, 2)		// Coprocessor Access Control Register (B4.1.40)
ARM_SYSREG(ttbr0, 0, c2, c0, 0)		// Translation Table Base Register 0 (B4.1.154)
ARM_SYSREG(ttbr1, 0, c2, c0, 1)		// Translation Table Base Register 1 (B4.1.155)
ARM_SYSREG(ttbcr, 0, c2, c0, 2)		// Translation Table Base Control Register (B4.1.153)
ARM_SYSREG(dacr, 0, c3, c0, 0)		// Domain Access Control Register (B4.1.43)
ARM_SYSREG(prrr, 0, c10, c2, 0)		// Primary Region Remap Register (B4.1.127)
ARM_SYSREG(nmrr, 0, c10, c2, 1)		// Normal Memory Remap Register (B4.1.111)
ARM_SYSREG(contextidr, 0, c13, c0, 1)	// Context ID Register: the ASID (B4.1.36)
ARM_SYSREG(tpidrprw, 0, c13, c0, 4)	// PL1 only Thread ID Register: the kernel's (B4.1.151)
ARM_SYSREG(dfsr, 0, c5, c0, 0)		// Data Fault Status Register (B4.1.52)
ARM_SYSREG(ifsr, 0, c5, c0, 1)		// Instruction Fault Status Register (B4.1.96)
ARM_SYSREG(dfar, 0, c6, c0, 0)		// Data Fault Address Register (B4.1.51)
ARM_SYSREG(ifar, 0, c6, c0, 2)		// Instruction Fault Address Register (B4.1.95)
ARM_SYSREG(vbar, 0, c12, c0, 0)		// Vector Base Address Register (B4.1.156)
ARM_SYSREG(cntkctl, 0, c14, c1, 0)	// Timer PL1 Control register (B4.1.26)
ARM_SYSREG(cntfrq, 0, c14, c0, 0)	// Counter Frequency register (B8.1.1)
ARM_SYSREG(cntp_ctl, 0, c14, c2, 1)	// PL1 Physical Timer Control register (B8.1.5)
ARM_SYSREG(cntv_tval, 0, c14, c3, 0)	// Virtual TimerValue register: ticks to go, signed (B8.1.5)
ARM_SYSREG(cntv_ctl, 0, c14, c3, 1)	// Virtual Timer Control register (B8.1.5)

// ARM_SYSOP(name, opc1, CRn, CRm, opc2) defines name(v) for an operation; those of the whole ignore v.
#define ARM_SYSOP(name, opc1, crn, crm, opc2) \
	ARM_INLINE void name(uint32_t v) \
	{ \
		__asm__ volatile("mcr p15, " #opc1 ", %0, " #crn ", " #crm ", " #opc2 : : "r"(v) : "memory"); \
	}

ARM_SYSOP(iciallu, 0, c7, c5, 0)	// the instruction cache, whole (B4.2.1)
ARM_SYSOP(bpiall, 0, c7, c5, 6)		// the branch predictors, whole (B4.2.1)
ARM_SYSOP(dccmvau, 0, c7, c11, 1)	// clean the data line at an address to the point of unification (B4.2.1)
ARM_SYSOP(tlbiall, 0, c8, c7, 0)	// the unified TLB, whole (B4.2.2)
ARM_SYSOP(tlbimva, 0, c8, c7, 1)	// by address [31:12] and ASID [7:0]
ARM_SYSOP(tlbiasid, 0, c8, c7, 2)	// by ASID [7:0]

// Barriers (A3.8.3): every access before it is seen before any behind it, by devices too; every access and
// maintenance operation before it is complete; every instruction behind it is fetched anew, in the context that was
// changed before it.
ARM_INLINE void
dmb(void)
{
	__asm__ volatile("dmb" : : : "memory");
}

ARM_INLINE void
dsb(void)
{
	__asm__ volatile("dsb" : : : "memory");
}

ARM_INLINE void
isb(void)
{
	__asm__ volatile("isb" : : : "memory");
}

ARM_INLINE uint32_t
cpsr_read(void)
{
	uint32_t v;

	__asm__ volatile("mrs %0, cpsr" : "=r"(v));
	return v;
}

// Sleep until an interrupt is pending, masked or not (A8.8.425).
ARM_INLINE void
wfi(void)
{
	__asm__ volatile("dsb\n\twfi" : : : "memory");
}

#endif
