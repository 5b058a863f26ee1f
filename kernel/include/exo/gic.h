// The interrupt controller, a GICv2 (ARM IHI 0048B): its registers, and what is given of its
// driver, in kernel/trap/gic.c.
#pragma once

// Distributor, from BOARD_GICD_PA (section 4.3).
#define GICD_CTLR       0x000
#define GICD_ISENABLER  0x100		// a bit for each interrupt
#define GICD_ICENABLER  0x180
#define GICD_IPRIORITYR 0x400		// a byte for each
#define GICD_ITARGETSR  0x800		// a byte for each

// CPU interface, from BOARD_GICC_PA (section 4.4).
#define GICC_CTLR 0x000
#define GICC_PMR  0x004			// interrupts of a lower priority than this number's reach the core
#define GICC_IAR  0x00c			// read: acknowledge; [9:0] is the interrupt, [12:10] the core that sent it
#define GICC_EOIR 0x010			// write: end, with what was read

#define GIC_PRIORITY 0x80
#define GIC_INTID    0x3ff
#define GIC_SPURIOUS 1023

#ifndef __ASSEMBLER__

#include <exo/types.h>

void gic_init(void);			// distributor and CPU interface on, every interrupt disabled
void gic_enable(unsigned irq);
void gic_disable(unsigned irq);
void gic_urgent(unsigned irq);		// of the highest priority; all others have one and the same, GIC_PRIORITY

#endif
