// Tells a crash in words: which exception, where, why, and every register.

#include <exo/arm.h>
#include <exo/report.h>

#include "crash.h"

// Each vector's name, and what its return address is past the instruction that caused it (DDI
// 0406C, table B1-7), in A32 and in Thumb.
static const struct {
	const char *name;
	uint8_t a32, thumb;
} vectors[8] = {
	{ "a jump to the reset vector", 0, 0 },
	{ "undefined instruction", 4, 2 },
	{ "supervisor call", 4, 2 },
	{ "prefetch abort", 4, 4 },
	{ "data abort", 8, 8 },
	{ "HYP trap", 4, 4 },
	{ "IRQ", 4, 4 },
	{ "FIQ", 4, 4 },
};

// FS[4:0] of a fault status register, short descriptors (DDI 0406C, table B3-23): those that a
// young kernel meets.
static const char *
fault_name(uint32_t fsr)
{
	switch ((fsr >> 6 & 0x10) | (fsr & 0xf)) {
	case 0x01: return "alignment fault";
	case 0x05: return "translation fault, section";
	case 0x07: return "translation fault, page";
	case 0x08: return "external abort: nothing answers at this address";
	case 0x0d: return "permission fault, section";
	case 0x0f: return "permission fault, page";
	case 0x16: return "asynchronous external abort";
	default:   return "see DDI 0406C, table B3-23";
	}
}

void
crash_report(const struct crash *c)
{
	bool hyp = (c->cpsr & PSR_M) == PSR_M_HYP;
	bool thumb = c->spsr & PSR_T;
	bool call = c->vector == 2 || c->vector == 5;	// HYP mode returns behind these alone
	uint32_t back = thumb ? vectors[c->vector].thumb : vectors[c->vector].a32;
	uint32_t pc = c->vector == 0 ? c->lr : c->ret - (hyp && !call ? 0 : back);

	out_printk("\ncrash: %s at pc 0x%08x%s\n", vectors[c->vector].name, pc,
	    (c->spsr & PSR_M) == PSR_M_HYP ? " in HYP mode" : "");
	if (c->vector == 4 && !hyp)
		out_printk("crash: DFSR 0x%08x (%s, on a %s), DFAR 0x%08x\n", dfsr_read(), fault_name(dfsr_read()),
		    dfsr_read() & 1 << 11 ? "write" : "read", dfar_read());
	if (c->vector == 3 && !hyp)
		out_printk("crash: IFSR 0x%08x (%s), IFAR 0x%08x\n", ifsr_read(), fault_name(ifsr_read()), ifar_read());
	for (unsigned i = 0; i < 13; i++)
		out_printk("%s%s%u 0x%08x", i == 0 ? "crash: " : i % 4 == 0 ? "\ncrash: " : " ",
		    i < 10 ? " r" : "r", i, c->r[i]);
	out_printk("\ncrash:  sp 0x%08x  lr 0x%08x  pc 0x%08x psr 0x%08x\ncrash: halted\n", c->sp, c->lr, pc, c->spsr);
}
